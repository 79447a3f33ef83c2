// SPDX-License-Identifier: MIT
// `shoal store`: what this machine keeps: look, put in, take out, check, keep for good.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "os/clock.h"
#include "prog/cmd.h"
#include "prog/objects.h"
#include "prog/progress.h"
#include "prog/store/view.h"

#define FILE_BYTES_MAX ((size_t)1 << 36)
#define LABEL          "user"

struct store_options {
    struct cmd_common common;
    const char *what;
    struct option_texts word;
    const char *db;
    const char *out;
    const char *label;
    uint64_t bytes_max;
    bool is_fix;
};

static const struct option_spec specs[] = {
    {.name = "what",
     .kind = OPTION_TEXT,
     .traits = OPTION_POSITIONAL | OPTION_REQUIRED,
     .value = "WHAT",
     .sentence = "add, get, ls, stat, verify, pin, unpin, rm or gc",
     .offset = offsetof(struct store_options, what)},
    {.name = "name",
     .kind = OPTION_TEXTS,
     .traits = OPTION_POSITIONAL,
     .value = "NAME",
     .sentence = "objects, as CIDs or in hex; add: files",
     .offset = offsetof(struct store_options, word)},
    {.name = "db",
     .kind = OPTION_TEXT,
     .value = "DIR",
     .sentence = "the store's folder [store in the state folder]",
     .offset = offsetof(struct store_options, db)},
    {.name = "out",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "get: write to FILE instead of standard output",
     .offset = offsetof(struct store_options, out)},
    {.name = "label",
     .kind = OPTION_TEXT,
     .value = "TEXT",
     .initial = LABEL,
     .sentence = "pin, unpin: on whose behalf",
     .offset = offsetof(struct store_options, label)},
    {.name = "size",
     .kind = OPTION_SIZE,
     .min = 1u << 20,
     .max = (uint64_t)1 << 42,
     .sentence = "let the store hold so much, from now on [as it was; 4G]",
     .offset = offsetof(struct store_options, bytes_max)},
    {.name = "fix",
     .kind = OPTION_FLAG,
     .sentence = "verify: delete what is damaged",
     .offset = offsetof(struct store_options, is_fix)},
    CMD_COMMON(struct store_options),
};

static const char *const examples[] = {"shoal store add scene.glb", "shoal store ls --json",
                                       "shoal store get bafkrei... --out scene.glb",
                                       "shoal store verify --fix --db ~/.local/state/shoal/objects",
                                       NULL};

static const struct option_command command = {
    .name = "store",
    .summary = "look after the objects that this machine keeps",
    .description =
        "Objects are named by their SHA-256, shown as a CID (version 1, raw), as IPFS does. "
        "Helpers keep theirs in the folder store below the state folder, a hub in objects.\n\n"
        "add puts files in and prints their names, once they are on the disk. get writes one out, "
        "checked. ls lists all, stat sums up, verify hashes all again. What is pinned is never "
        "let go for want of room; pins have labels, and outlive restarts. rm deletes. gc removes "
        "files of which the store knows nothing, as every start after a crash does.\n\n"
        "A store belongs to one process at a time: stop the helper or hub that uses it. Exit code "
        "1 if something failed, was not there or is damaged.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct side {
    struct store_options o;
    struct arena *arena;
    const struct verb *verb;
    struct objects store;
    struct digest name[OPTION_TEXTS_MAX]; // of o.word
};

static volatile sig_atomic_t stopped; // by which signal

static void on_signal(int number)
{
    stopped = number;
}

static bool is_stopped(void)
{
    return stopped != 0;
}

static enum rc no_such(const struct digest *name, struct err *err)
{
    char cid[CID_TEXT_BYTES];
    digest_cid(name, cid);
    return err_set(err, RC_ABSENT, "no object %s", cid);
}

// rc of a call about one object, in words.
static enum rc about(enum rc rc, const struct digest *name, struct err *err)
{
    char cid[CID_TEXT_BYTES];
    if (rc == RC_OK)
        return rc;
    if (rc == RC_ABSENT)
        return no_such(name, err);
    digest_cid(name, cid);
    return err_set(err, rc, "%s: %s", cid,
                   rc == RC_REFUSED ? "it is pinned: unpin it first" : rc_text(rc));
}

// ---- add

static enum rc add_file(struct side *s, const char *path, struct digest *name, struct err *err)
{
    struct budget budget = {.limit_bytes = FILE_BYTES_MAX + 64};
    struct bytes file;
    enum rc rc = file_read(&file, &budget, path, FILE_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = store_add(s->store.store, file, name);
    file_forget(file, &budget);
    if (rc == RC_REFUSED)
        return err_set(err, rc, "%s is larger than the whole store may be: try --size", path);
    return rc == RC_OK ? rc : err_set(err, rc, "%s: %s", path, rc_text(rc));
}

// One group for all: those before a failure are kept.
static enum rc do_add(struct side *s, struct err *err)
{
    const struct option_texts *file = &s->o.word;
    size_t count = 0;
    enum rc failed = RC_OK;
    enum rc rc = store_begin(s->store.store);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot begin: %s", rc_text(rc));
    for (; failed == RC_OK && count < file->count && !is_stopped(); count += failed == RC_OK)
        failed = add_file(s, file->at[count], &s->name[count], err);
    rc = store_commit(s->store.store);
    if (rc != RC_OK)
        return failed != RC_OK ? failed : err_set(err, rc, "nothing was added: %s", rc_text(rc));
    for (size_t i = 0; i < count; i++)
        store_view_added(s->o.common.is_json, &s->name[i], file->at[i]);
    return failed;
}

// ---- get

static enum rc write_out(const struct side *s, struct bytes bytes, struct err *err)
{
    if (s->o.out != NULL)
        return file_write(s->o.out, bytes, 0644, err);
    if (fwrite(bytes.at, 1, bytes.len, stdout) == bytes.len && fflush(stdout) == 0)
        return RC_OK;
    return err_set(err, RC_IO, "cannot write to standard output");
}

static enum rc do_get(struct side *s, struct err *err)
{
    struct bytes bytes;
    const struct digest *name = &s->name[0];
    if (s->o.word.count != 1)
        return err_set(err, RC_CONFIG, "get: one NAME is wanted");
    enum rc rc = store_get(s->store.store, name, &bytes);
    if (rc != RC_OK)
        return about(rc, name, err);
    const struct digest found = hash_bytes(bytes);
    if (digest_equal(&found, name))
        rc = write_out(s, bytes, err);
    else
        rc = err_set(err, RC_MALFORMED, "%s is damaged: try `shoal store verify --fix`",
                     s->o.word.at[0]);
    store_release(s->store.store);
    return rc;
}

// ---- ls, verify

static enum rc list_one(struct side *s, const struct digest *name)
{
    struct store_info info;
    const enum rc rc = store_info(s->store.store, name, &info);
    if (rc == RC_OK)
        store_view_object(s->o.common.is_json, s->store.store, name, &info);
    return rc;
}

static enum rc do_ls(struct side *s, struct err *err)
{
    struct digest name;
    uint64_t size_bytes = 0;
    enum rc rc = store_next(s->store.store, NULL, &name, &size_bytes);
    while (rc == RC_OK && !is_stopped()) {
        rc = list_one(s, &name);
        if (rc == RC_OK)
            rc = store_next(s->store.store, &name, &name, &size_bytes);
    }
    return rc == RC_OK || rc == RC_ABSENT ? RC_OK : err_set(err, rc, "%s", rc_text(rc));
}

static enum rc do_verify(struct side *s, struct err *err)
{
    struct store_view_check check = {.is_json = s->o.common.is_json, .is_fix = s->o.is_fix};
    struct progress progress;
    struct digest name;
    uint64_t size_bytes = 0;
    const uint64_t total = num_max(1, store_stat(s->store.store).bytes);
    progress_start(&progress, !check.is_json, clock_now_us());
    enum rc rc = store_next(s->store.store, NULL, &name, &size_bytes);
    while (rc == RC_OK && !is_stopped()) {
        const enum rc found =
            s->o.is_fix ? store_verify(s->store.store, &name) : store_probe(s->store.store, &name);
        if (found == RC_MALFORMED) {
            progress_wipe(&progress);
            store_view_damaged(&check, &name, size_bytes);
        } else if (found != RC_OK) {
            rc = about(found, &name, err);
            break;
        }
        check.objects++;
        check.bytes += size_bytes;
        progress_show(&progress, "verify", (double)check.bytes / (double)total, clock_now_us());
        rc = store_next(s->store.store, &name, &name, &size_bytes);
    }
    progress_wipe(&progress);
    if (rc != RC_OK && rc != RC_ABSENT)
        return err->rc == rc ? rc : err_set(err, rc, "%s", rc_text(rc));
    store_view_checked(&check);
    if (check.damaged == 0)
        return RC_OK;
    return err_set(err, RC_MALFORMED, "%" PRIu64 " damaged%s", check.damaged,
                   check.is_fix ? ", and deleted" : ": `shoal store verify --fix` deletes them");
}

// ---- The others

static enum rc do_stat(struct side *s, struct err *err)
{
    (void)err;
    const struct store_stat stat = store_stat(s->store.store);
    store_view_stat(s->o.common.is_json, &stat);
    return RC_OK;
}

static enum rc do_gc(struct side *s, struct err *err)
{
    const enum rc rc = store_gc(s->store.store);
    if (rc != RC_OK)
        return err_set(err, rc, "%s", rc_text(rc));
    const struct store_stat stat = store_stat(s->store.store);
    store_view_gc(s->o.common.is_json, &stat);
    return RC_OK;
}

// One call for each name; all of them, or none.
static enum rc for_names(struct side *s, struct err *err,
                         enum rc (*call)(struct side *s, const struct digest *name))
{
    if (s->o.word.count == 0)
        return err_set(err, RC_CONFIG, "%s: a NAME is wanted", s->o.what);
    enum rc rc = store_begin(s->store.store);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot begin: %s", rc_text(rc));
    for (size_t i = 0; rc == RC_OK && i < s->o.word.count; i++)
        rc = about(call(s, &s->name[i]), &s->name[i], err);
    if (rc != RC_OK) {
        store_abort(s->store.store);
        return rc;
    }
    rc = store_commit(s->store.store);
    return rc == RC_OK ? rc : err_set(err, rc, "nothing was changed: %s", rc_text(rc));
}

static enum rc pin_one(struct side *s, const struct digest *name)
{
    return store_keep(s->store.store, name, bytes_text(s->o.label));
}

static enum rc unpin_one(struct side *s, const struct digest *name)
{
    return store_unkeep(s->store.store, name, bytes_text(s->o.label));
}

static enum rc remove_one(struct side *s, const struct digest *name)
{
    return store_del(s->store.store, name);
}

static enum rc do_pin(struct side *s, struct err *err)
{
    return for_names(s, err, pin_one);
}

static enum rc do_unpin(struct side *s, struct err *err)
{
    return for_names(s, err, unpin_one);
}

static enum rc do_rm(struct side *s, struct err *err)
{
    return for_names(s, err, remove_one);
}

static const struct verb {
    const char *name;
    enum rc (*run)(struct side *s, struct err *err);
    bool takes_names; // else files, or nothing
    bool takes_words;
} verbs[] = {
    {"add", do_add, false, true},        {"get", do_get, true, true},
    {"ls", do_ls, false, false},         {"stat", do_stat, false, false},
    {"verify", do_verify, false, false}, {"pin", do_pin, true, true},
    {"unpin", do_unpin, true, true},     {"rm", do_rm, true, true},
    {"gc", do_gc, false, false},
};

static const struct verb *find_verb(const struct side *s, struct err *err)
{
    const char *names[ARRAY_COUNT(verbs)];
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        names[i] = verbs[i].name;
        if (strcmp(s->o.what, names[i]) == 0)
            return &verbs[i];
    }
    (void)cmd_must_be(err, "store", s->o.what, names, ARRAY_COUNT(verbs));
    return NULL;
}

static enum rc read_words(struct side *s, const struct verb *v, struct err *err)
{
    const struct option_texts *word = &s->o.word;
    if (v->takes_words ? word->count == 0 : word->count > 0)
        return err_set(err, RC_CONFIG, v->takes_words ? "%s: what?" : "%s takes no names", v->name);
    if (strlen(s->o.label) > STORE_LABEL_BYTES_MAX)
        return err_set(err, RC_CONFIG, "--label: at most %u bytes", STORE_LABEL_BYTES_MAX);
    for (size_t i = 0; v->takes_names && i < word->count; i++)
        if (!digest_from_cid(&s->name[i], word->at[i]) &&
            !digest_from_hex(&s->name[i], word->at[i]))
            return err_set(err, RC_CONFIG, "%s is no name of an object: neither CID nor hex",
                           word->at[i]);
    return RC_OK;
}

static enum rc open_store(struct side *s, const struct verb *v, struct err *err)
{
    char folder[FILE_PATH_BYTES];
    char path[FILE_PATH_BYTES];
    char file[FILE_PATH_BYTES];
    enum rc rc = RC_OK;
    if (s->o.db == NULL)
        rc = cmd_state(&s->o.common, folder, err);
    if (rc == RC_OK && s->o.db == NULL)
        rc = cmd_path(path, folder, "store", err);
    else if (rc == RC_OK)
        bytes_to_text(bytes_text(s->o.db), path, sizeof path);
    if (rc == RC_OK)
        rc = cmd_path(file, path, "data.mdb", err);
    if (rc == RC_OK && v->run != do_add && !file_exists(file))
        rc = err_set(err, RC_ABSENT, "there is no store in %s", path);
    const struct objects_cfg cfg = {.path = path, .bytes_max = s->o.bytes_max};
    return rc == RC_OK ? objects_open(&s->store, s->arena, &cfg, err) : rc;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask); // cannot fail
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    s->arena = arena;
    s->verb = find_verb(s, err);
    enum rc rc = s->verb != NULL ? read_words(s, s->verb, err) : RC_CONFIG;
    if (rc != RC_OK)
        return rc;
    watch_signals();
    return open_store(s, s->verb, err);
}

static int run(void *self)
{
    struct side *s = self;
    struct err err = {.text = ""};
    const enum rc rc = s->verb->run(s, &err);
    if (is_stopped())
        return cmd_stopped(stopped);
    return rc == RC_OK ? EXIT_DONE : cmd_fail(&err);
}

static void close_all(void *self)
{
    struct side *s = self;
    objects_close(&s->store);
}

const struct cmd cmd_store = {.options = &command,
                              .side_bytes = sizeof(struct side),
                              .open = open_all,
                              .run = run,
                              .close = close_all};
