// SPDX-License-Identifier: MIT
// What every subcommand has: its row in the table, its life, options, state folder, log, last
// words.
#include "prog/cmd.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

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

static int usage(const struct option_command *c, const struct err *err)
{
    (void)cmd_fail(err);
    fprintf(stderr, "Try `shoal %s --help`.\n", c->name);
    return EXIT_USAGE;
}

// Config file and command line into *options. False: *exit_code says how to end.
static bool read_options(const struct option_command *c, void *options, int argc, char **argv,
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
    *exit_code = usage(c, &err);
    return false;
}

int cmd_live(const struct cmd *c, void *side, struct arena *arena)
{
    assert(c->run != NULL);
    struct err err = {.text = ""};
    int exit_code = EXIT_DONE;
    const enum rc rc = c->open != NULL ? c->open(side, arena, &err) : RC_OK;
    if (rc == RC_OK)
        exit_code = c->run(side);
    else
        exit_code = rc == RC_CONFIG ? usage(c->options, &err) : cmd_fail(&err);
    assert(rc == RC_OK || exit_code != EXIT_DONE);
    if (c->close != NULL)
        c->close(side);
    return exit_code;
}

int cmd_main(const struct cmd *c, int argc, char **argv)
{
    assert(c->side_bytes >= sizeof(struct cmd_common));
    int exit_code = EXIT_DONE;
    struct arena *arena = arena_new(CMD_MEMORY_BYTES);
    void *side = arena == NULL ? NULL : arena_take(arena, c->side_bytes);
    if (side == NULL)
        exit_code = cmd_fail(&(struct err){.rc = RC_NOMEM, .text = "out of memory"});
    else if (read_options(c->options, side, argc, argv, arena, &exit_code))
        exit_code = cmd_live(c, side, arena);
    arena_free(arena);
    return exit_code;
}

int cmd_fail(const struct err *err)
{
    fprintf(stderr, "shoal: %s\n", err->text);
    return EXIT_FAILED;
}

enum rc cmd_must_be(struct err *err, const char *what, const char *word, const char *const *name,
                    size_t count)
{
    assert(count > 0);
    char room[ERR_TEXT_BYTES];
    struct text list = text_of(room, sizeof room);
    const char *near = option_nearest(word, name, count);
    for (size_t i = 0; i < count; i++)
        text_addf(&list, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", name[i]);
    assert(!list.is_cut);
    return err_set(err, RC_CONFIG, "%s %.40s: must be %s%s%s%s", what, word, room,
                   near != NULL ? "; did you mean " : "", near != NULL ? near : "",
                   near != NULL ? "?" : "");
}

int cmd_stopped(int signal)
{
    assert(signal > 0);
    fputs("shoal: stopped\n", stderr);
    return EXIT_SIGNAL + signal;
}

enum rc cmd_of_machine(enum rc rc)
{
    return rc == RC_CONFIG ? RC_IO : rc;
}

enum rc cmd_check_out(const char *option, const char *path, struct err *err)
{
    char folder[FILE_PATH_BYTES];
    struct stat s;
    struct text t = text_of(folder, sizeof folder);
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1; // with it: "/" is one, too
    text_addf(&t, "%.*s", len == 0 ? 1 : (int)len, len == 0 ? "." : path);
    if (path[len] == 0 || (stat(path, &s) == 0 && S_ISDIR(s.st_mode)))
        return err_set(err, RC_CONFIG, "--%s %s: this is a folder", option, path);
    if (!t.is_cut && access(folder, W_OK | X_OK) == 0)
        return RC_OK;
    return err_set(err, RC_IO, "--%s %s: cannot write into %s", option, path, folder);
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
    assert(out->key != NULL);
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
    if (len == 0)
        return err_set(err, RC_MALFORMED, "%s holds no word in its first line", path);
    if (copy == NULL)
        return err_set(err, RC_NOMEM, "out of memory for what is in %s", path);
    *out = bytes_of(copy, len);
    assert(out->len <= 4096); // as much as was read
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
