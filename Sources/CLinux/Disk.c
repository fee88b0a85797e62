#define _GNU_SOURCE
#include "CLinux.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

// Newer than the headers of some systems that have the kernel.
#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, uint64_t)
#endif

int linux_open_direct(const char *path, int flags, mode_t mode) {
  return open(path, flags | O_RDWR | O_DIRECT | O_CLOEXEC, mode);
}

int linux_read_partitions(int disk) { return ioctl(disk, BLKRRPART, 0); }

int64_t linux_disk_size(int disk) {
  uint64_t size = 0;
  return ioctl(disk, BLKGETSIZE64, &size) == 0 ? (int64_t)size : -1;
}

uint64_t linux_disk_sequence(int disk) {
  uint64_t sequence = 0;
  return ioctl(disk, BLKGETDISKSEQ, &sequence) == 0 ? sequence : 0;
}

int linux_drop_disk_cache(int disk) { return ioctl(disk, BLKFLSBUF, 0); }
