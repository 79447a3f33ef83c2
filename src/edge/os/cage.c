// SPDX-License-Identifier: MIT
// The walls around a process that works for strangers.
#include "os/cage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAGE_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CAGE_SANITIZED 1
#endif
#ifndef CAGE_SANITIZED
#define CAGE_SANITIZED 0
#endif

#define CLOCK_ID_MAX 11 // CLOCK_TAI; above are other processes' clocks, and descriptors'

static_assert(sizeof(struct sock_filter) == sizeof(uint64_t), "filter operations are 8 bytes");

// Adds rules until one fails; the failure is looked at once.
struct rules {
    scmp_filter_ctx ctx;
    int failed;
};

struct match {
    enum scmp_compare op;
    scmp_datum_t a; // the value; the mask for SCMP_CMP_MASKED_EQ
    scmp_datum_t b; // the value under the mask
};

static struct scmp_arg_cmp test_of(unsigned arg, struct match m)
{
    return (struct scmp_arg_cmp){.arg = arg, .op = m.op, .datum_a = m.a, .datum_b = m.b};
}

static struct match equal(scmp_datum_t value)
{
    return (struct match){.op = SCMP_CMP_EQ, .a = value};
}

static struct match masked(scmp_datum_t mask, scmp_datum_t value)
{
    return (struct match){.op = SCMP_CMP_MASKED_EQ, .a = mask, .b = value};
}

static void allow(struct rules *r, int call)
{
    if (r->failed == 0)
        r->failed = seccomp_rule_add(r->ctx, SCMP_ACT_ALLOW, call, 0);
}

// Lets the call through if its argument matches.
static void allow_if(struct rules *r, int call, unsigned arg, struct match m)
{
    const struct scmp_arg_cmp test = test_of(arg, m);
    if (r->failed == 0)
        r->failed = seccomp_rule_add_array(r->ctx, SCMP_ACT_ALLOW, call, 1, &test);
}

static void add_memory_rules(struct rules *r)
{
    // A shared mapping would escape the accounting of private memory; a file cannot be named.
    const scmp_datum_t kind = MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS;
    const scmp_datum_t anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    const struct scmp_arg_cmp test[] = {
        test_of(2, masked(PROT_EXEC, 0)),
        test_of(3, masked(kind, anonymous)),
    };
    if (r->failed == 0)
        r->failed = seccomp_rule_add_array(r->ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, test);
    allow_if(r, SCMP_SYS(mprotect), 2, masked(PROT_EXEC, 0));
    allow(r, SCMP_SYS(mremap));
    allow(r, SCMP_SYS(munmap));
    allow(r, SCMP_SYS(brk));
    const scmp_datum_t advice[] = {MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE};
    for (size_t i = 0; i < ARRAY_COUNT(advice); i++)
        allow_if(r, SCMP_SYS(madvise), 2, equal(advice[i]));
}

static void add_other_rules(struct rules *r)
{
    allow_if(r, SCMP_SYS(read), 0, equal(CAGE_SOCKET_FD));
    allow_if(r, SCMP_SYS(write), 0, equal(CAGE_SOCKET_FD));
    const scmp_datum_t futex[] = {FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE};
    for (size_t i = 0; i < ARRAY_COUNT(futex); i++)
        allow_if(r, SCMP_SYS(futex), 1, equal(futex[i]));
    allow_if(r, SCMP_SYS(clock_gettime), 0, (struct match){.op = SCMP_CMP_LE, .a = CLOCK_ID_MAX});
    allow(r, SCMP_SYS(sched_yield));
    allow(r, SCMP_SYS(exit));
    allow(r, SCMP_SYS(exit_group));
}

// Messages of libraries: lost in the caged build, shown in the sanitizers'.
static void add_message_rules(struct rules *r)
{
    const uint32_t action = CAGE_SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EBADF);
    const int call[] = {SCMP_SYS(write), SCMP_SYS(writev)};
    for (size_t i = 0; i < ARRAY_COUNT(call) && r->failed == 0; i++) {
        for (scmp_datum_t fd = STDOUT_FILENO; fd <= STDERR_FILENO && r->failed == 0; fd++) {
            const struct scmp_arg_cmp test = test_of(0, equal(fd));
            r->failed = seccomp_rule_add_array(r->ctx, action, call[i], 1, &test);
        }
    }
}

static void add_sanitizer_rules(struct rules *r)
{
    const int call[] = {SCMP_SYS(madvise),  SCMP_SYS(getpid),      SCMP_SYS(gettid),
                        SCMP_SYS(futex),    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask),
                        SCMP_SYS(getrlimit)};
    for (size_t i = 0; i < ARRAY_COUNT(call); i++)
        allow(r, call[i]);
}

// libseccomp 2.5 writes its program to a descriptor only.
static enum rc export_filter(scmp_filter_ctx ctx, struct cage_filter *out)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0)
        return RC_IO;
    enum rc rc = RC_UNSUPPORTED;
    if (seccomp_export_bpf(ctx, fd) == 0) {
        ssize_t got = pread(fd, out->op, sizeof out->op, 0);
        off_t size = lseek(fd, 0, SEEK_END);
        if (got > 0 && got == size && (size_t)got % sizeof out->op[0] == 0) {
            out->count = (size_t)got / sizeof out->op[0];
            rc = RC_OK;
        }
    }
    (void)close(fd); // a memory file: nothing can be lost
    return rc;
}

enum rc cage_filter_build(struct cage_filter *out, struct err *err)
{
    struct rules r = {.ctx = seccomp_init(SCMP_ACT_KILL_PROCESS)};
    if (r.ctx == NULL)
        return err_set(err, RC_UNSUPPORTED, "libseccomp cannot make a filter for this machine");
    r.failed = seccomp_attr_set(r.ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    add_memory_rules(&r);
    add_other_rules(&r);
    add_message_rules(&r);
    if (CAGE_SANITIZED)
        add_sanitizer_rules(&r);
    enum rc rc = r.failed == 0 ? export_filter(r.ctx, out) : RC_UNSUPPORTED;
    seccomp_release(r.ctx);
    if (rc != RC_OK)
        return err_set(err, rc, "the system-call filter cannot be built (%d)", r.failed);
    return RC_OK;
}

enum rc cage_drop_root(uint32_t *walls, struct err *err)
{
    if (geteuid() != 0)
        return RC_OK;
    if (setgroups(0, NULL) != 0 || setresgid(CAGE_UID, CAGE_UID, CAGE_UID) != 0 ||
        setresuid(CAGE_UID, CAGE_UID, CAGE_UID) != 0)
        return err_set(err, RC_IO, "cannot become uid %u: %s", CAGE_UID, strerror(errno));
    *walls |= CAGE_WALL_USER;
    return RC_OK;
}

static pid_t raw_fork(unsigned long flags)
{
    // The bare call copies this process like fork(), which cannot be given namespaces. No other
    // thread exists that could hold a lock of libc.
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

enum rc cage_fork(bool wants_spaces, pid_t *pid, uint32_t *walls)
{
    const unsigned long spaces =
        CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS;
    pid_t child = wants_spaces ? raw_fork(spaces) : -1;
    bool has_spaces = child >= 0;
    if (!has_spaces)
        child = raw_fork(0);
    if (child < 0)
        return errno == ENOMEM || errno == EAGAIN ? RC_NOMEM : RC_IO;
    if (child == 0)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // if refused, the socket's end still ends it
    if (has_spaces)
        *walls |= CAGE_WALL_SPACES;
    *pid = child;
    return RC_OK;
}

// True if the process's root is now an empty, read-only file system. Needs the new user and
// mount namespaces. pivot_root with both names "." stacks the old root on the new one, where it
// is taken off (pivot_root(2), NOTES).
static bool empty_root(void)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return false;
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
    static const char *const place[] = {"/tmp", "/proc", "/dev"};
    for (size_t i = 0; i < ARRAY_COUNT(place); i++) {
        if (mount("none", place[i], "tmpfs", flags, "size=4k,nr_inodes=2,mode=0555") != 0)
            continue;
        if (chdir(place[i]) != 0)
            return false;
        if (syscall(SYS_pivot_root, ".", ".") == 0)
            return umount2(".", MNT_DETACH) == 0 && chdir("/") == 0;
        return chroot(".") == 0 && chdir("/") == 0; // an initramfs cannot be pivoted away
    }
    return false;
}

static bool limit(__rlimit_resource_t resource, uint64_t value)
{
    const struct rlimit r = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};
    return setrlimit(resource, &r) == 0;
}

static bool set_limits(const struct cage_cfg *cfg)
{
    // An open descriptor above the limit stays open: only CAGE_SOCKET_FD must be below.
    return limit(RLIMIT_AS, cfg->address_bytes) && limit(RLIMIT_CPU, cfg->cpu_s) &&
           limit(RLIMIT_CORE, 0) && (CAGE_SANITIZED || limit(RLIMIT_FSIZE, 0)) &&
           limit(RLIMIT_NPROC, 0) && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0) &&
           limit(RLIMIT_NOFILE, CAGE_SOCKET_FD + 1);
}

static bool drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool keep_socket_only(int socket)
{
    if (socket != CAGE_SOCKET_FD && dup2(socket, CAGE_SOCKET_FD) != CAGE_SOCKET_FD)
        return false;
    const unsigned first = CAGE_SANITIZED ? STDERR_FILENO + 1 : CAGE_SOCKET_FD + 1;
    return close_range(first, ~0u, 0) == 0;
}

static bool load_filter(const struct cage_filter *filter)
{
    // Through an integer to lose const: the kernel only reads.
    const struct sock_fprog program = {.len = (unsigned short)filter->count,
                                       // NOLINTNEXTLINE(performance-no-int-to-ptr)
                                       .filter = (struct sock_filter *)(uintptr_t)filter->op};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

enum rc cage_close(const struct cage_cfg *cfg, uint32_t *walls)
{
    assert(cfg->filter->count > 0 && cfg->filter->count <= CAGE_FILTER_OPS_MAX);
    if ((*walls & CAGE_WALL_SPACES) != 0 && empty_root())
        *walls |= CAGE_WALL_ROOT;
    if (!keep_socket_only(cfg->socket) || !set_limits(cfg))
        return RC_UNSUPPORTED;
    *walls |= CAGE_WALL_LIMITS;
    if (!drop_privileges())
        return RC_UNSUPPORTED;
    *walls |= CAGE_WALL_PRIVS;
    if (!load_filter(cfg->filter))
        return RC_UNSUPPORTED;
    *walls |= CAGE_WALL_FILTER;
    return RC_OK;
}

enum cage_level cage_level(uint32_t walls)
{
    const uint32_t inner = CAGE_WALL_FILTER | CAGE_WALL_LIMITS | CAGE_WALL_PRIVS;
    const uint32_t outer = CAGE_WALL_SPACES | CAGE_WALL_ROOT;
    if ((walls & inner) != inner)
        return CAGE_LEVEL_NONE;
    return (walls & outer) == outer ? CAGE_LEVEL_SPACES : CAGE_LEVEL_FILTER;
}

static size_t add_walls(uint32_t walls, const char *before, struct text *out)
{
    static const char *const name[] = {"system-call filter", "resource limits", "no privileges",
                                       "user of its own",    "namespaces",      "empty root"};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(name); i++) {
        if ((walls >> i & 1) == 0)
            continue;
        text_add(out, count == 0 ? before : ", ");
        text_add(out, name[i]);
        count++;
    }
    return count;
}

void cage_walls_text(uint32_t walls, struct text *out)
{
    if (add_walls(walls, "", out) == 0)
        text_add(out, "none");
    (void)add_walls(~walls, "; missing: ", out); // how many does not matter here
}
