// What wimboot starts on a BIOS machine in place of Windows' own bootmgr.exe: it says on the serial port that it runs,
// and what the boot.wim adds up to that it sees. As Windows does, it reads it from the disk (MBR, FAT32, long names)
// that wimboot shows to the real-mode interrupt 13h, through the callback that wimboot hands over.
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

struct registers { u32 vector, eax, ebx, ecx, edx, esp, ebp, esi, edi, cs, ds, ss, es, fs, gs, eflags; };
struct callback { struct { void (*interrupt)(struct registers *); } *functions; u32 drive; };
struct application { char signature[8]; u32 before[10], callback; };
struct address_packet { u8 size, zero; u16 count; u32 buffer; u64 sector; };

// In the memory that real mode reaches, below wimboot, which begins at 0x20000.
static struct address_packet *const packet = (struct address_packet *)0xf000;
static u8 *const buffer = (u8 *)0x10000;
static struct callback *callback;
static u32 fat, first_cluster, sectors_per_cluster;

static void out(u8 byte) { __asm__ volatile("outb %0, %1" : : "a"(byte), "Nd"((u16)0x3f8)); }

static void print(const char *text) {
  for (; *text; text++) out(*text);
}

static void print_number(u64 number) {
  for (int digit = 0; digit < 16; digit++, number <<= 4) out("0123456789abcdef"[(u32)(number >> 60)]);
}

static int read(u32 sector, u32 count) {
  struct registers registers = {.vector = 0x13, .eax = 0x4200, .edx = callback->drive, .ds = 0xf00};
  *packet = (struct address_packet){16, 0, (u16)count, 0x1000 << 16, sector};
  callback->functions->interrupt(&registers);
  return !(registers.eflags & 1);
}

static u32 word(u32 place) { return buffer[place] | buffer[place + 1] << 8; }
static u32 number(u32 place) { return word(place) | word(place + 2) << 16; }

static u32 sector_of(u32 cluster) { return first_cluster + (cluster - 2) * sectors_per_cluster; }

static u32 after(u32 cluster) {
  return read(fat + cluster / 128, 1) ? number(cluster % 128 * 4) & 0x0fffffff : 0x0fffffff;
}

// True when the long name at a place of the buffer is this one, which is no longer than one entry.
static int is_name(u32 entry, const char *name) {
  static const u8 places[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
  if (buffer[entry] != 0x41 || buffer[entry + 11] != 0x0f) return 0;
  for (int place = 0; place < 13; place++, name++) {
    u32 letter = word(entry + places[place]);
    if (letter - 'A' < 26) letter += 'a' - 'A';
    if (letter != (u8)*name) return 0;
    if (!letter) return 1;
  }
  return 0;
}

// The first cluster of what has a name in a folder of one cluster, and its size; 0 when there is none.
static u32 find(u32 folder, const char *name, u32 *size) {
  if (!read(sector_of(folder), sectors_per_cluster)) return 0;
  for (u32 entry = 0; entry + 64 <= sectors_per_cluster * 512; entry += 32) {
    if (!is_name(entry, name)) continue;
    *size = number(entry + 32 + 28);
    return word(entry + 32 + 20) << 16 | word(entry + 32 + 26);
  }
  return 0;
}

static void sum_up(u32 cluster, u32 size) {
  u64 sum = 0xcbf29ce484222325;
  for (u32 left = size; left; cluster = after(cluster)) {
    u32 count = left < sectors_per_cluster * 512 ? left : sectors_per_cluster * 512;
    if (!read(sector_of(cluster), sectors_per_cluster)) break;
    for (u32 place = 0; place < count; place++) sum = (sum ^ buffer[place]) * 0x100000001b3;
    left -= count;
  }
  print("BOOT.WIM ");
  print_number(size);
  print(" ");
  print_number(sum);
  print("\r\n");
}

void start(struct application *application) {
  u32 size, cluster;
  print("\r\nSTAND-IN RUNS\r\n");
  callback = *(struct callback **)((u8 *)application + application->callback);
  if (read(0, 1)) {
    u32 partition = number(446 + 8);
    if (read(partition, 1)) {
      u32 root = number(44);
      sectors_per_cluster = buffer[13];
      fat = partition + word(14);
      first_cluster = fat + buffer[16] * number(36);
      if ((cluster = find(root, "sources", &size)) && (cluster = find(cluster, "boot.wim", &size)))
        sum_up(cluster, size);
    }
  }
  print("STAND-IN DONE\r\n");
  for (;;) {}
}
