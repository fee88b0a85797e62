// What wimboot starts on a BIOS machine in place of Windows' own bootmgr.exe: it says so on the serial port.
static void out(unsigned short port, unsigned char byte) {
  __asm__ volatile("outb %0, %1" : : "a"(byte), "Nd"(port));
}

void start(void) {
  for (const char *text = "\r\nSTAND-IN RUNS\r\nSTAND-IN DONE\r\n"; *text; text++) out(0x3f8, *text);
  for (;;) {}
}
