// Passes Ethernet frames between two interfaces, each after a delay: what `tc … netem delay` does in kernels that have it.
// delay-relay INTERFACE INTERFACE NANOSECONDS. Frames are whole segments of up to 64 KiB, as the interfaces offload their division.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define FRAMES 512
// A segment of 64 KiB with its headers, and the kernel's note on its offloading.
#define FRAME_BYTES (65536 + 512)
// The last part of a wait is spent awake: the kernel wakes a process too late.
#define AWAKE_NS 40000

struct frame {
  uint64_t due;
  ssize_t size;
  unsigned char bytes[FRAME_BYTES];
};

// Frames from one interface, in order. Like a switch, it drops frames when it is full.
struct queue {
  int from, to;
  unsigned head, count;
  struct frame *frames;
};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static int open_interface(const char *name) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
  int yes = 1, buffer = 16 << 20;
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex(name)};
  if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) ||
      setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) ||
      setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) ||
      setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) ||
      bind(fd, (struct sockaddr *)&address, sizeof address)) {
    perror(name);
    exit(1);
  }
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: delay-relay INTERFACE INTERFACE NANOSECONDS\n");
    return 2;
  }
  uint64_t delay = strtoull(argv[3], NULL, 10);
  int ends[2] = {open_interface(argv[1]), open_interface(argv[2])};
  struct queue queues[2];
  for (int i = 0; i < 2; i++) {
    queues[i] = (struct queue){ends[i], ends[1 - i], 0, 0, malloc(FRAMES * sizeof(struct frame))};
    if (!queues[i].frames) return 1;
  }
  puts("ready");
  fflush(stdout);
  static unsigned char dropped[FRAME_BYTES];
  for (;;) {
    uint64_t next = UINT64_MAX;
    for (int i = 0; i < 2; i++) {
      struct queue *q = &queues[i];
      for (;;) {
        struct frame *free_frame = q->count < FRAMES ? &q->frames[(q->head + q->count) % FRAMES] : NULL;
        ssize_t size = recv(q->from, free_frame ? free_frame->bytes : dropped, FRAME_BYTES, 0);
        if (size <= 0) break;
        if (!free_frame) continue;
        free_frame->size = size;
        free_frame->due = now_ns() + delay;
        q->count++;
      }
      while (q->count && q->frames[q->head].due <= now_ns()) {
        struct frame *frame = &q->frames[q->head];
        // An interface that is down loses the frame, as a cut cable does.
        if (send(q->to, frame->bytes, frame->size, 0) < 0 && (errno == EAGAIN || errno == ENOBUFS)) break;
        q->head = (q->head + 1) % FRAMES;
        q->count--;
      }
      if (q->count && q->frames[q->head].due < next) next = q->frames[q->head].due;
    }
    struct pollfd polled[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}};
    uint64_t now = now_ns();
    if (next == UINT64_MAX) {
      poll(polled, 2, -1);
    } else if (next > now + AWAKE_NS) {
      struct timespec wait = {0, next - now - AWAKE_NS};
      ppoll(polled, 2, &wait, NULL);
    }
  }
}
