// SPDX-License-Identifier: MIT
// What this machine is, and how it fares right now.
#include "os/device.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/text.h"

#define PATH_BYTES (DEVICE_ROOT_BYTES + 2 * NAME_BYTES + 64)
#define NAME_BYTES 256
#define FILE_BYTES 16384 // of /proc/cpuinfo that is the first processors, which is enough
#define STAT_TICKS 8     // user nice system idle iowait irq softirq steal; guests are in user
#define STAT_IDLE  3
#define STAT_WAIT  4

// At most FILE_BYTES - 1 bytes from the start of root + path, 0-ended.
static bool read_file(const struct device *d, const char *path, char text[static FILE_BYTES])
{
    char whole[PATH_BYTES];
    const int len = snprintf(whole, sizeof whole, "%s%s", d->root, path);
    if (len < 0 || (size_t)len >= sizeof whole)
        return false;
    const int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    size_t got = 0;
    ssize_t more;
    do {
        more = read(fd, text + got, FILE_BYTES - 1 - got);
        got += more > 0 ? (size_t)more : 0;
    } while (more > 0 && got < FILE_BYTES - 1);
    (void)close(fd); // only read from
    text[got] = 0;
    return got > 0 && strlen(text) == got; // a 0 byte inside: not one of these files
}

// The next decimal number after blanks; false and *at unmoved if there is none, or it is huge.
static bool next_u64(const char **at, uint64_t *out)
{
    const char *c = *at;
    while (*c == ' ' || *c == '\t')
        c++;
    if (*c < '0' || *c > '9')
        return false;
    uint64_t v = 0;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (v > (UINT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (uint64_t)(*c - '0');
    }
    *out = v;
    *at = c;
    return true;
}

// What follows "name" blanks ":" blanks on the first line that starts so; NULL: none does.
static const char *field(const char *text, const char *name)
{
    const size_t len = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) != 0)
            continue;
        const char *c = line + len + strspn(line + len, " \t");
        if (*c == ':')
            return c + 1 + strspn(c + 1, " \t");
    }
    return NULL;
}

static bool memory_field(const char *text, const char *name, uint64_t *out_bytes)
{
    const char *at = field(text, name);
    uint64_t kb;
    size_t bytes;
    if (at == NULL || !next_u64(&at, &kb) || strncmp(at, " kB", 3) != 0 ||
        !num_mul((size_t)kb, 1024, &bytes) || bytes == 0)
        return false;
    *out_bytes = bytes;
    return true;
}

static bool has_word(const char *line, const char *word)
{
    const size_t len = strlen(word);
    const size_t end = strcspn(line, "\n");
    for (size_t i = 0; i < end; i += strcspn(line + i, " \n")) {
        i += strspn(line + i, " ");
        if (strncmp(line + i, word, len) == 0 && strchr(" \n", line[i + len]) != NULL)
            return true;
    }
    return false;
}

static const char *simd_level(const char *cpuinfo)
{
    // Best first; the second name is how the kernel spells it.
    static const char *const level[][2] = {{"avx512f", "avx512f"}, {"avx2", "avx2"}, {"avx", "avx"},
                                           {"sse4.2", "sse4_2"},   {"sse2", "sse2"}, {"sve", "sve"},
                                           {"neon", "asimd"},      {"neon", "neon"}};
    const char *flags = field(cpuinfo, "flags"); // x86
    if (flags == NULL)
        flags = field(cpuinfo, "Features"); // arm
    for (size_t i = 0; flags != NULL && i < ARRAY_COUNT(level); i++)
        if (has_word(flags, level[i][1]))
            return level[i][0];
    return "none";
}

static uint32_t count_cpus(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (uint32_t)CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); // more than the set can hold
    return online > 0 ? (uint32_t)online : 1;
}

enum rc device_open(struct device *d, const char *root)
{
    *d = (struct device){.cpu_count = count_cpus(), .simd = "none"};
    const char *given = root == NULL ? "" : root;
    if (strlen(given) >= sizeof d->root)
        return RC_CONFIG;
    bytes_to_text(bytes_text(given), d->root, sizeof d->root);
    char text[FILE_BYTES];
    if (read_file(d, "/proc/meminfo", text))
        d->has_memory = memory_field(text, "MemTotal", &d->memory_bytes);
    if (!read_file(d, "/proc/cpuinfo", text))
        return RC_OK;
    const char *model = field(text, "model name");
    if (model != NULL && *model != '\n' && *model != 0) {
        struct text t = text_of(d->model, sizeof d->model);
        text_add_safe(&t, bytes_of(model, strcspn(model, "\n")));
        d->has_model = true;
    }
    bytes_to_text(bytes_text(simd_level(text)), d->simd, sizeof d->simd);
    return RC_OK;
}

static void look_memory(const struct device *d, char text[static FILE_BYTES],
                        struct device_state *out)
{
    out->has_memory = d->has_memory && read_file(d, "/proc/meminfo", text) &&
                      memory_field(text, "MemAvailable", &out->memory_free_bytes) &&
                      out->memory_free_bytes <= d->memory_bytes;
}

// "0.52 0.58 0.59 1/389 12345"
static void look_load(const struct device *d, char text[static FILE_BYTES],
                      struct device_state *out)
{
    const char *at = text;
    uint64_t whole;
    if (!read_file(d, "/proc/loadavg", text) || !next_u64(&at, &whole) || *at != '.' ||
        whole > UINT32_MAX / 1000 - 1)
        return;
    uint32_t part = 0;
    at++;
    for (uint32_t unit = 100; unit > 0 && *at >= '0' && *at <= '9'; unit /= 10, at++)
        part += unit * (uint32_t)(*at - '0');
    out->load_permille = (uint32_t)whole * 1000 + part;
    out->has_load = true;
}

// "cpu  user nice system idle ...", in ticks since the machine started.
static void look_cpu(struct device *d, char text[static FILE_BYTES], struct device_state *out)
{
    if (!read_file(d, "/proc/stat", text) || strncmp(text, "cpu ", 4) != 0)
        return;
    const char *at = text + 4;
    uint64_t all = 0;
    uint64_t idle = 0;
    for (size_t i = 0; i < STAT_TICKS; i++) {
        uint64_t ticks;
        if (!next_u64(&at, &ticks) || ticks > UINT64_MAX / STAT_TICKS)
            return;
        all += ticks;
        idle += i == STAT_IDLE || i == STAT_WAIT ? ticks : 0;
    }
    const uint64_t busy = all - idle;
    // Counters of iowait may go back (proc(5)); then this look is only a first one again.
    if (d->all_seen_ticks != 0 && all > d->all_seen_ticks && busy >= d->busy_seen_ticks) {
        const double share =
            (double)(busy - d->busy_seen_ticks) / (double)(all - d->all_seen_ticks);
        out->cpu_permille = share >= 1 ? 1000 : (uint32_t)(share * 1000);
        out->has_cpu = true;
    }
    d->all_seen_ticks = all;
    d->busy_seen_ticks = busy;
}

static void take_temp(const struct device *d, const char *path, struct device_state *out)
{
    char text[FILE_BYTES];
    const char *at = text;
    uint64_t mdeg;
    if (!read_file(d, path, text) || !next_u64(&at, &mdeg) || (*at != '\n' && *at != 0) ||
        mdeg < DEVICE_TEMP_MDEG_MIN || mdeg > DEVICE_TEMP_MDEG_MAX)
        return;
    if (!out->has_temp || (int32_t)mdeg > out->temp_mdeg)
        out->temp_mdeg = (int32_t)mdeg;
    out->has_temp = true;
}

static DIR *open_folder(const struct device *d, const char *path)
{
    char whole[PATH_BYTES];
    const int len = snprintf(whole, sizeof whole, "%s%s", d->root, path);
    return len < 0 || (size_t)len >= sizeof whole ? NULL : opendir(whole);
}

static bool is_between(const char *name, const char *start, const char *end)
{
    const size_t len = strlen(name);
    return len >= strlen(start) + strlen(end) && strncmp(name, start, strlen(start)) == 0 &&
           strcmp(name + len - strlen(end), end) == 0;
}

// Every entry START*END of a folder, as folder/entry/tail, to visit().
static void each_entry(const struct device *d, const char *folder, const char *const ends[3],
                       void (*visit)(const struct device *, const char *, struct device_state *),
                       struct device_state *out)
{
    DIR *dir = open_folder(d, folder);
    if (dir == NULL)
        return;
    size_t left = DEVICE_SENSORS_MAX;
    for (const struct dirent *e = readdir(dir); e != NULL && left > 0; e = readdir(dir)) {
        char path[PATH_BYTES];
        if (!is_between(e->d_name, ends[0], ends[1]))
            continue;
        left--;
        const int len = snprintf(path, sizeof path, "%s/%s%s", folder, e->d_name, ends[2]);
        if (len > 0 && (size_t)len < sizeof path)
            visit(d, path, out);
    }
    (void)closedir(dir); // only read from
}

// Disks, batteries and network cards have sensors too; they say nothing about our work.
static void visit_chip(const struct device *d, const char *path, struct device_state *out)
{
    static const char *const driver[] = {"coretemp", "k10temp", "zenpower", "cpu_thermal", "amdgpu",
                                         "radeon",   "nouveau", "nvidia",   "i915",        "xe"};
    char name_path[PATH_BYTES];
    char text[FILE_BYTES];
    const int len = snprintf(name_path, sizeof name_path, "%s/name", path);
    if (len < 0 || (size_t)len >= sizeof name_path || !read_file(d, name_path, text))
        return;
    text[strcspn(text, "\n")] = 0;
    for (size_t i = 0; i < ARRAY_COUNT(driver); i++)
        if (strcmp(text, driver[i]) == 0)
            each_entry(d, path, (const char *const[]){"temp", "_input", ""}, take_temp, out);
}

void device_look(struct device *d, struct device_state *out)
{
    *out = (struct device_state){0};
    char text[FILE_BYTES];
    look_memory(d, text, out);
    look_load(d, text, out);
    look_cpu(d, text, out);
    each_entry(d, "/sys/class/hwmon", (const char *const[]){"hwmon", "", ""}, visit_chip, out);
    if (!out->has_temp) // boards and virtual machines without such drivers
        each_entry(d, "/sys/class/thermal", (const char *const[]){"thermal_zone", "", "/temp"},
                   take_temp, out);
    assert(out->cpu_permille <= 1000);
}
