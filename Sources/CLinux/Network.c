#define _GNU_SOURCE
#include "CLinux.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static void fill_name(struct ifreq *request, const char *name) {
  memset(request, 0, sizeof *request);
  strncpy(request->ifr_name, name, IFNAMSIZ - 1);
}

// Ends a call that opened `file`, keeping errno.
static int closing(int file, int result) {
  int error = errno;
  close(file);
  errno = error;
  return result;
}

int linux_make_tap(const char *name) {
  int file = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (file < 0) return -1;
  struct ifreq request;
  fill_name(&request, name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(file, TUNSETIFF, &request) < 0) return closing(file, -1);
  return file;
}

int linux_bring_up(const char *interface, uint32_t address, uint32_t mask) {
  int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0) return -1;
  struct ifreq request;
  if (address != 0) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = address};
    fill_name(&request, interface);
    memcpy(&request.ifr_addr, &place, sizeof place);
    if (ioctl(file, SIOCSIFADDR, &request) < 0) return closing(file, -1);
    place.sin_addr.s_addr = mask;
    fill_name(&request, interface);
    memcpy(&request.ifr_netmask, &place, sizeof place);
    if (ioctl(file, SIOCSIFNETMASK, &request) < 0) return closing(file, -1);
  }
  fill_name(&request, interface);
  if (ioctl(file, SIOCGIFFLAGS, &request) < 0) return closing(file, -1);
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  return closing(file, ioctl(file, SIOCSIFFLAGS, &request) < 0 ? -1 : 0);
}

int linux_mount_memory(const char *folder) { return mount("none", folder, "tmpfs", 0, NULL); }

int linux_leave_network(void) {
  int old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (old < 0) return -1;
  return unshare(CLONE_NEWNET) < 0 ? closing(old, -1) : old;
}

int linux_return_to_network(int network) {
  return closing(network, setns(network, CLONE_NEWNET));
}

int linux_open_sender(const char *interface) {
  int file = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (file < 0) return -1;
  int on = 1;
  if (setsockopt(file, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0 ||
      setsockopt(file, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)) < 0)
    return closing(file, -1);
  return file;
}

int linux_watch_frames(void) {
  return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
}
