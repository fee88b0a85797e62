// What a machine starts in place of Windows' own boot program: it says that it runs, and what the boot.wim that it
// sees adds up to. Written against UEFI 2.10 with no headers but its own.
typedef unsigned long long u64;
typedef unsigned short u16;
typedef unsigned char u8;
typedef void *handle;
#define API __attribute__((ms_abi))

struct text_output { void *reset; u64 (API *print)(struct text_output *, const u16 *); };
struct file {
  u64 revision;
  u64 (API *open)(struct file *, struct file **, const u16 *, u64 mode, u64 attributes);
  void *close, *delete;
  u64 (API *read)(struct file *, u64 *, void *);
};
struct file_system { u64 revision; u64 (API *open_volume)(struct file_system *, struct file **); };
struct loaded_image { u64 revision; handle parent; void *system; handle device; };
struct boot_services {
  u8 header[24];
  void *before[16];
  u64 (API *handle_protocol)(handle, const void *, void **);
  void *between[12];
  u64 (API *set_watchdog)(u64, u64, u64, void *);
  u64 (API *connect_controller)(handle, void *, void *, u8);
};
struct system_table {
  u8 header[24];
  void *vendor;
  u64 revision;
  handle input_handle;
  void *input;
  handle output_handle;
  struct text_output *output;
  handle error_handle;
  void *error, *runtime;
  struct boot_services *boot;
};

static const u8 loaded_image_id[16] = {0xa1, 0x31, 0x1b, 0x5b, 0x62, 0x95, 0xd2, 0x11,
                                       0x8e, 0x3f, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b};
static const u8 file_system_id[16] = {0x22, 0x5b, 0x4e, 0x96, 0x59, 0x64, 0xd2, 0x11,
                                      0x8e, 0x39, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b};
static u8 buffer[1 << 20];

static void print(struct text_output *output, const u16 *text) { output->print(output, text); }

static void print_number(struct text_output *output, u64 number) {
  u16 digits[17];
  for (int place = 15; place >= 0; place--, number >>= 4)
    digits[place] = L"0123456789abcdef"[number & 15];
  digits[16] = 0;
  print(output, digits);
}

API u64 efi_main(handle image, struct system_table *system) {
  struct boot_services *boot = system->boot;
  struct loaded_image *own;
  struct file_system *files;
  struct file *root, *wim;
  boot->set_watchdog(0, 0, 0, 0);
  print(system->output, L"\r\nSTAND-IN RUNS\r\n");
  if (boot->handle_protocol(image, loaded_image_id, (void **)&own) == 0) {
    boot->connect_controller(own->device, 0, 0, 1);
    if (boot->handle_protocol(own->device, file_system_id, (void **)&files) == 0 &&
        files->open_volume(files, &root) == 0 &&
        root->open(root, &wim, L"\\sources\\boot.wim", 1, 0) == 0) {
      u64 sum = 0xcbf29ce484222325, size = 0;
      for (;;) {
        u64 count = sizeof buffer;
        if (wim->read(wim, &count, buffer) != 0 || count == 0) break;
        for (u64 place = 0; place < count; place++) sum = (sum ^ buffer[place]) * 0x100000001b3;
        size += count;
      }
      print(system->output, L"BOOT.WIM ");
      print_number(system->output, size);
      print(system->output, L" ");
      print_number(system->output, sum);
      print(system->output, L"\r\n");
    }
  }
  print(system->output, L"STAND-IN DONE\r\n");
  for (;;) {}
}
