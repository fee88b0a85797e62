// System calls that Swift cannot import by itself, each a plain function.
#pragma once
#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

// Makes `target` share the blocks of `source` (FICLONE). 0, or -1 with errno.
int linux_clone_file(int target, int source);

// Copies `length` bytes inside the kernel from the current offsets. Bytes copied, or -1 with errno.
ssize_t linux_copy_file_range(int source, int target, size_t length);

// Renames and fails with EEXIST when `to` exists (RENAME_NOREPLACE). 0, or -1 with errno.
int linux_rename_exclusive(const char *from, const char *to);

// Asks the kernel to send `signal` to this process when its parent dies. 0, or -1 with errno.
int linux_die_with_parent(int signal);

// Takes an advisory lock on the open file (OFD lock: it belongs to the descriptor, works over NFS).
// With wait = 0 it fails with EAGAIN when somebody else holds it. 0, or -1 with errno.
int linux_lock_file(int file, int exclusive, int wait);

// Gives such a lock back. Closing does it too, but not while a program that is being started has the open file
// from the moment it was forked. 0, or -1 with errno.
int linux_unlock_file(int file);

// Opens a file; the variadic open(2). A descriptor, or -1 with errno.
int linux_open(const char *path, int flags, mode_t mode);

// The width of the terminal behind `file` in columns, or 0 when it is not a terminal.
int linux_terminal_columns(int file);

// Writes everything that is dirty on the file system of `file` to its disk. 0, or -1 with errno.
int linux_sync_file_system(int file);

// Starts writing a part of a file to its disk, without waiting for it (sync_file_range). 0, or -1 with errno.
int linux_start_writing(int file, int64_t offset, int64_t length);

// The GNU make jobserver's pipe; mkfifo(3) with errno. 0, or -1.
int linux_make_fifo(const char *path, mode_t mode);

// The height of the terminal behind `file` in lines, or 0 when it is not a terminal.
int linux_terminal_rows(int file);

// A file that lives in memory until its last descriptor is closed; memfd_create(2), not inherited.
// A descriptor, or -1 with errno.
int linux_memory_file(const char *name);

// Adds "change the directory" to what a posix_spawn does before it starts the program. 0, or the error.
int linux_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);

// A pipe whose ends no child inherits by accident (pipe2 with O_CLOEXEC). 0, or -1 with errno.
int linux_pipe(int ends[2]);

// Makes this process the parent of all its descendants whose own parent ends. 0, or -1 with errno.
int linux_adopt_descendants(void);

// Makes a network interface that lives as long as the descriptor, whose other end the descriptor is: a read is
// an Ethernet frame that was sent on it, a write one that it receives (TUNSETIFF with IFF_TAP and IFF_NO_PI).
// A descriptor, or -1 with errno.
int linux_make_tap(const char *name);

// Gives an interface an IPv4 address and a network mask, both in network byte order, and brings it up. An address
// of 0 leaves both alone. 0, or -1 with errno.
int linux_bring_up(const char *interface, uint32_t address, uint32_t mask);

// Mounts an empty file system in memory on a folder. 0, or -1 with errno.
int linux_mount_memory(const char *folder);

// Takes the calling thread to a new network of its own, with what it opens and starts from then on. The network
// that it leaves, as a descriptor for linux_return_to_network, or -1 with errno.
int linux_leave_network(void);

// Takes the calling thread back to a network, and closes the descriptor. 0, or -1 with errno.
int linux_return_to_network(int network);

// Opens a socket that sends IPv4 packets whole, header included, out of one interface, broadcasts too. A
// descriptor, or -1 with errno (EPERM without CAP_NET_RAW, ENODEV for an interface that is not there).
int linux_open_sender(const char *interface);

// Opens a socket that reads every Ethernet frame of this network's interfaces, those that this machine sends
// as well. A descriptor, or -1 with errno (EPERM without CAP_NET_RAW).
int linux_watch_frames(void);

// Opens a file for reading and writing past the page cache (O_DIRECT), with more flags. A descriptor, or -1 with
// errno.
int linux_open_direct(const char *path, int flags, mode_t mode);

// Reads a partition table anew (BLKRRPART). 0, or -1 with errno.
int linux_read_partitions(int disk);

// The size of an open block device in bytes (BLKGETSIZE64), or -1 with errno.
int64_t linux_disk_size(int disk);

// The number of the medium in an open block device (BLKGETDISKSEQ), or 0 where the kernel counts none.
uint64_t linux_disk_sequence(int disk);

// Drops what the page cache has of an open block device (BLKFLSBUF). 0, or -1 with errno.
int linux_drop_disk_cache(int disk);
