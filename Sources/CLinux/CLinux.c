#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int linux_clone_file(int target, int source) { return ioctl(target, FICLONE, source); }

ssize_t linux_copy_file_range(int source, int target, size_t length) {
  return copy_file_range(source, NULL, target, NULL, length, 0);
}

int linux_rename_exclusive(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int linux_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

int linux_lock_file(int file, int exclusive, int wait) {
  struct flock lock = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
  int result;
  do {
    result = fcntl(file, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (result == -1 && errno == EINTR);
  return result;
}

int linux_unlock_file(int file) {
  struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
  return fcntl(file, F_OFD_SETLK, &lock);
}

int linux_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int linux_terminal_columns(int file) {
  struct winsize size;
  if (ioctl(file, TIOCGWINSZ, &size) == -1) return 0;
  return size.ws_col;
}

int linux_sync_file_system(int file) { return syncfs(file); }

int linux_start_writing(int file, int64_t offset, int64_t length) {
  return sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE);
}

int linux_make_fifo(const char *path, mode_t mode) { return mkfifo(path, mode); }

int linux_terminal_rows(int file) {
  struct winsize size;
  if (ioctl(file, TIOCGWINSZ, &size) == -1) return 0;
  return size.ws_row;
}

int linux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
