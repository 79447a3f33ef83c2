// SPDX-License-Identifier: MIT
// What every subcommand needs: its row in the table, options, folders, identity, log, last words.
#include "prog/cmd.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/num.h"
#include "os/entropy.h"

#define HELP_BYTES 16384

static int print_help(const struct option_command *c)
{
    char room[HELP_BYTES];
    struct text help = text_of(room, sizeof room);
    option_help(&help, "shoal", c);
    fputs(room, stdout);
    return EXIT_DONE;
}

static enum rc read_config(const struct option_command *c, void *options, const char *path,
                           struct arena *arena, struct err *err)
{
    struct budget budget = {.limit_bytes = OPTION_CONFIG_BYTES_MAX + 64};
    struct bytes file;
    enum rc rc = file_read(&file, &budget, path, OPTION_CONFIG_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    struct err line;
    rc = option_config(c, options, file, arena, &line);
    file_forget(file, &budget);
    return rc == RC_OK ? rc : err_set(err, rc, "%s: %s", path, line.text);
}

bool cmd_options(const struct option_command *c, void *options, int argc, char **argv,
                 struct arena *arena, int *exit_code)
{
    struct err err;
    bool wants_help = false;
    const struct cmd_common *common = options;
    option_defaults(c, options);
    enum rc rc = option_args(c, options, argc, argv, &wants_help, &err);
    if (rc == RC_OK && wants_help) {
        *exit_code = print_help(c);
        return false;
    }
    if (rc == RC_OK && common->config != NULL) {
        const char *path = common->config;
        option_defaults(c, options);
        rc = read_config(c, options, path, arena, &err);
        if (rc == RC_OK)
            rc = option_args(c, options, argc, argv, &wants_help, &err);
    }
    if (rc == RC_OK)
        rc = option_complete(c, options, &err);
    if (rc == RC_OK)
        return true;
    (void)cmd_fail(&err);
    fprintf(stderr, "Try `shoal %s --help`.\n", c->name);
    *exit_code = EXIT_USAGE;
    return false;
}

int cmd_fail(const struct err *err)
{
    fprintf(stderr, "shoal: %s\n", err->text);
    return EXIT_FAILED;
}

int cmd_cannot_open(enum rc rc, const struct err *err)
{
    const int exit_code = cmd_fail(err);
    return rc == RC_CONFIG ? EXIT_USAGE : exit_code;
}

enum rc cmd_check_out(const char *path, struct err *err)
{
    char folder[FILE_PATH_BYTES];
    struct text t = text_of(folder, sizeof folder);
    const char *slash = strrchr(path, '/');
    text_addf(&t, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1, slash == NULL ? "." : path);
    if (!t.is_cut && access(folder, W_OK) == 0)
        return RC_OK;
    return err_set(err, RC_IO, "--out %s: cannot write into %s", path, folder);
}

enum rc cmd_state(const struct cmd_common *common, char out[static FILE_PATH_BYTES],
                  struct err *err)
{
    if (common->state == NULL)
        return file_state_folder(out, err);
    if (strlen(common->state) >= FILE_PATH_BYTES)
        return err_set(err, RC_CONFIG, "--state: the path is too long");
    bytes_to_text(bytes_text(common->state), out, FILE_PATH_BYTES);
    return file_make_folder(out, err);
}

enum rc cmd_path(char out[static FILE_PATH_BYTES], const char *folder, const char *name,
                 struct err *err)
{
    struct text t = text_of(out, FILE_PATH_BYTES);
    text_addf(&t, "%s/%s", folder, name);
    return t.is_cut ? err_set(err, RC_CONFIG, "%s: the path is too long", folder) : RC_OK;
}

static enum rc make_identity(struct id *out, const char *path, struct err *err)
{
    struct entropy entropy = entropy_os();
    if (id_init(out, &entropy) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory for a key");
    uint8_t room[ID_FILE_BYTES];
    id_encode(out, room);
    enum rc rc = file_write(path, bytes_of(room, sizeof room), 0600, err);
    OPENSSL_cleanse(room, sizeof room);
    if (rc != RC_OK)
        id_end(out);
    return rc;
}

enum rc cmd_identity(struct id *out, const char *folder, struct err *err)
{
    char path[FILE_PATH_BYTES];
    enum rc rc = cmd_path(path, folder, "identity", err);
    if (rc != RC_OK)
        return rc;
    struct budget budget = {.limit_bytes = 4096};
    struct bytes file;
    rc = file_read(&file, &budget, path, ID_FILE_BYTES, err);
    if (rc == RC_ABSENT)
        return make_identity(out, path, err);
    if (rc != RC_OK)
        return rc;
    rc = id_decode(out, file);
    file_forget(file, &budget);
    if (rc == RC_OK)
        return rc;
    return err_set(err, rc, "%s is no identity file: move it away to get a new key", path);
}

enum rc cmd_secret(struct bytes *out, struct arena *arena, const char *path, struct err *err)
{
    struct budget budget = {.limit_bytes = 8192};
    struct bytes file;
    enum rc rc = file_read(&file, &budget, path, 4096, err);
    if (rc != RC_OK)
        return rc;
    size_t len = 0;
    while (len < file.len && file.at[len] > ' ')
        len++;
    uint8_t *copy = arena_take(arena, len);
    if (len > 0 && copy != NULL)
        memcpy(copy, file.at, len);
    file_forget(file, &budget);
    if (len == 0 || copy == NULL)
        return err_set(err, RC_CONFIG, "%s holds no word in its first line", path);
    *out = bytes_of(copy, len);
    return RC_OK;
}

bool cmd_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0;
}

#define STORE_OBJECTS_MIN  65536u
#define STORE_OBJECT_BYTES 16384u // of one, as a guess: how many will come
#define STORE_INDEX_BYTES  ((uint64_t)64 << 20)

static uint32_t store_objects(const struct cmd_objects_cfg *cfg)
{
    if (cfg->objects_max > 0 || cfg->bytes_max == 0)
        return cfg->objects_max;
    return (uint32_t)num_clamp(cfg->bytes_max / STORE_OBJECT_BYTES, STORE_OBJECTS_MIN,
                               STORE_OBJECTS_UNSAID);
}

// LMDB takes twice the bytes of objects a little over 4 KiB, and 512 for the smallest; it is
// address space alone, and a file that has holes.
static uint64_t store_map_bytes(const struct cmd_objects_cfg *cfg)
{
    const uint64_t bytes_max = cfg->bytes_max > 0 ? cfg->bytes_max : (uint64_t)1 << 40;
    return STORE_INDEX_BYTES + 3 * num_min(bytes_max, (uint64_t)1 << 42) +
           (uint64_t)STORE_OBJECTS_UNSAID * 512;
}

static enum rc open_kv(struct cmd_objects *out, const struct cmd_objects_cfg *cfg, struct err *err)
{
    char path[FILE_PATH_BYTES];
    if (!cfg->is_cache)
        return kv_open(&out->kv, cfg->path, store_map_bytes(cfg), err);
    enum rc rc = cmd_path(path, cfg->path, "index", err);
    if (rc == RC_OK)
        rc = file_make_folder(path, err);
    return rc == RC_OK ? kv_open_cache(&out->kv, path, store_map_bytes(cfg), err) : rc;
}

// The large ones first: their folder has the lock.
static enum rc open_large(struct cmd_objects *out, const struct cmd_objects_cfg *cfg,
                          struct err *err)
{
    char path[FILE_PATH_BYTES];
    if (cfg->is_cache)
        return blobs_open(&out->large, cfg->path, err);
    enum rc rc = file_make_folder(cfg->path, err);
    if (rc == RC_OK)
        rc = cmd_path(path, cfg->path, "large", err);
    return rc == RC_OK ? blobs_open(&out->large, path, err) : rc;
}

enum rc cmd_objects_open(struct cmd_objects *out, struct arena *arena,
                         const struct cmd_objects_cfg *cfg, struct err *err)
{
    struct entropy entropy = entropy_os();
    *out = (struct cmd_objects){0};
    enum rc rc = open_large(out, cfg, err);
    if (rc == RC_OK)
        rc = open_kv(out, cfg, err);
    if (rc == RC_OK) {
        const struct store_cfg store = {.kv = kv_host(out->kv),
                                        .large = blobs_host(out->large),
                                        .bytes_max = cfg->bytes_max,
                                        .objects_max = store_objects(cfg),
                                        .inline_bytes = cfg->is_cache ? 1 : 0,
                                        .seed = entropy_u64(&entropy),
                                        .is_cache = cfg->is_cache};
        rc = store_open(&out->store, arena, &store);
        if (rc != RC_OK)
            rc = err_set(err, rc, "%s: %s", cfg->path, rc_text(rc));
    }
    if (rc != RC_OK)
        cmd_objects_close(out);
    return rc;
}

void cmd_objects_close(struct cmd_objects *s)
{
    if (s->store != NULL)
        (void)store_close(s->store); // else the next open takes longer
    kv_close(s->kv);
    blobs_close(s->large);
    *s = (struct cmd_objects){0};
}

static void log_line(void *context, enum log_level level, const char *line)
{
    (void)context;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%s\n", line);
    else
        fprintf(stderr, "<%d>%s\n", (int)level, line);
}

struct log cmd_log(const struct cmd_common *common)
{
    return (struct log){.sink = log_line,
                        .level = common->is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN};
}
