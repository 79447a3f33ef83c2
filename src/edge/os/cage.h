// SPDX-License-Identifier: MIT
// The walls around a process that works for strangers.
//
// Steps, in the process that is to be walled in: cage_fork (from a process with no secrets, see
// nursery.h), then whatever still needs the system, then cage_close. After that the process can
// compute, take and give back memory, read and write one socket, ask for the time, and end.
// Everything else kills it.
//
// Two sets of walls. The inner one always stands, or cage_close refuses: a seccomp filter,
// resource limits, no new privileges, no capabilities, no inherited descriptors. The outer one
// stands where the machine lets unprivileged processes make namespaces: user, pid, mount, ipc,
// network, uts, with an empty root.
//
// What the filter lets through, and nothing else:
//     read, write            on descriptor 0 alone, the socket to the program
//     mmap, mremap, munmap   private anonymous memory, never executable
//     mprotect, brk, madvise never executable; the four advices that allocators give
//     futex                  private wait and wake: once-guards call it without contention
//     clock_gettime, sched_yield, exit, exit_group
// A write to descriptors 1 and 2 is refused softly (EBADF): a library's message is lost, not
// the process. abort() and a failed assert end in SIGSYS like any other forbidden call.
//
// Libraries must do all that touches the system before the walls close. Embree 3.13 with TBB
// 2021.8: rtcNewDevice("threads=1") and rtcCommitScene of a scene of one triangle, both in the
// set-up; without the commit TBB opens files under /sys at the first one behind the walls and is
// killed. No thread is left running, so forked copies of the device work; commits up to a
// million triangles were then seen to use brk, madvise, mmap, munmap and nothing more.
//
// Built with AddressSanitizer the filter also lets through what its run time calls, and
// descriptor 2 stays open for its reports; such a build is for tests, not for strangers.
#ifndef OS_CAGE_H
#define OS_CAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/text.h"

// What stands, as bits.
#define CAGE_WALL_FILTER 1u  // system calls
#define CAGE_WALL_LIMITS 2u  // address space, processor time, descriptors, processes, files
#define CAGE_WALL_PRIVS  4u  // no new privileges, no capabilities, not dumpable
#define CAGE_WALL_USER   8u  // runs as uid and gid CAGE_UID, not as whoever started the program
#define CAGE_WALL_SPACES 16u // namespaces: user, pid, mount, ipc, network, uts
#define CAGE_WALL_ROOT   32u // an empty, read-only root

enum cage_level {
    CAGE_LEVEL_NONE,   // not fit for strangers; cage_close never answers RC_OK with it
    CAGE_LEVEL_FILTER, // filter, limits, privileges
    CAGE_LEVEL_SPACES, // those, namespaces and an empty root
};

#define CAGE_UID            65534u // nobody
#define CAGE_FILTER_OPS_MAX 256
#define CAGE_SOCKET_FD      0 // where cage_close puts the one descriptor that is left

// A filter program, built once and loaded by many. A value type.
struct cage_filter {
    size_t count;
    uint64_t op[CAGE_FILTER_OPS_MAX]; // struct sock_filter, 8 bytes each
};

struct cage_cfg {
    const struct cage_filter *filter;
    int socket;             // becomes CAGE_SOCKET_FD; all other descriptors are closed
    uint64_t address_bytes; // whole address space, what is mapped already included
    uint64_t cpu_s;         // of its life: the kernel ends it after that; a backstop
};

// RC_UNSUPPORTED: libseccomp does not know this machine.
MUST_USE enum rc cage_filter_build(struct cage_filter *out, struct err *err);

// If root: becomes CAGE_UID for good, with no groups, and adds CAGE_WALL_USER to *walls;
// otherwise does nothing. RC_IO.
MUST_USE enum rc cage_drop_root(uint32_t *walls, struct err *err);

// fork() for a single-threaded process, into new namespaces where wanted and allowed. In the
// child *pid is 0, and the kernel kills it as soon as its parent ends. *walls gets
// CAGE_WALL_SPACES added, or nothing. RC_NOMEM, RC_IO.
MUST_USE enum rc cage_fork(bool wants_spaces, pid_t *pid, uint32_t *walls);

// In that child: closes the walls for good. *walls: in, what cage_fork said; out, what stands.
// RC_UNSUPPORTED: an inner wall cannot be had; the process must end without working.
MUST_USE enum rc cage_close(const struct cage_cfg *cfg, uint32_t *walls);

enum cage_level cage_level(uint32_t walls);
// "system-call filter, resource limits, ...; missing: namespaces, ..."
void cage_walls_text(uint32_t walls, struct text *out);

#endif
