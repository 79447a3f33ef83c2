// SPDX-License-Identifier: MIT
// Where a gamer's scene comes from: drawn by name, or imported from the user's own mesh file.
#include "prog/scene_source.h"

#include <string.h>

#include "os/file.h"
#include "os/loop.h"
#include "os/nursery.h"
#include "os/worker.h"
#include "prog/cell_code.h"
#include "scene/mesh.h"
#include "scene/scenes.h"

#define FILE_BYTES_MAX   ((size_t)512 << 20)
#define BUNDLE_BYTES_MAX CELL_AREA_BYTES_MAX
#define IMPORT_US        300000000u
#define IMPORT_MEMORY    (8ull << 30)
#define SCENE_BYTES_MAX  ((size_t)256 << 20)

struct importer {
    struct loop *loop;
    struct worker *worker;
    const char *name;
    struct budget *budget;
    struct buffer *out;
    struct err *err;
    bool is_loaded;
    enum rc rc;
};

static void finish(struct importer *i, enum rc rc, const char *why)
{
    i->rc = rc == RC_OK ? rc : err_set(i->err, rc, "%s: %s", i->name, why);
    loop_stop(i->loop);
}

static void take_scene(struct importer *i, struct bytes scene)
{
    uint8_t *at = budget_take(i->budget, scene.len);
    if (at == NULL) {
        finish(i, RC_NOMEM, "out of memory for the scene");
        return;
    }
    memcpy(at, scene.at, scene.len);
    *i->out = buffer_of(at, scene.len);
    i->out->len = scene.len;
    finish(i, RC_OK, "");
}

static void on_done(void *self, const struct worker_done *done)
{
    struct importer *i = self;
    char words[ERR_TEXT_BYTES];
    if (done->rc == RC_OK && !i->is_loaded) {
        i->is_loaded = true;
        if (worker_run(i->worker, bytes_text("import"), IMPORT_US) != RC_OK)
            finish(i, RC_IO, "the import could not be started");
    } else if (done->rc == RC_OK) {
        take_scene(i, done->result);
    } else {
        bytes_to_text(done->report, words, sizeof words);
        if (words[0] == 0)
            finish(i, done->rc, done->text);
        else
            i->rc = err_set(i->err, done->rc, "%s", words); // they name the file
        loop_stop(i->loop);
    }
}

static void on_dead(void *self, enum rc why, const char *text)
{
    struct importer *i = self;
    finish(i, why == RC_OK ? RC_CRASHED : why, text);
}

static enum rc run_import(struct importer *i, struct arena *arena, struct nursery *nursery,
                          struct bytes bundle)
{
    struct worker_cfg cfg = {.arena = arena,
                             .nursery = nursery,
                             .loop = i->loop,
                             .limits = WORKER_LIMITS,
                             .handlers = {.self = i, .on_done = on_done, .on_dead = on_dead}};
    cfg.limits.object_bytes = bundle.len;
    cfg.limits.result_bytes = SCENE_BYTES_MAX;
    cfg.limits.memory_bytes = IMPORT_MEMORY;
    i->rc = RC_CLOSED;
    enum rc rc = nursery_listen(nursery, i->loop);
    if (rc == RC_OK)
        rc = worker_new(&i->worker, &cfg);
    if (rc == RC_OK)
        rc = worker_load(i->worker, bundle, IMPORT_US);
    if (rc != RC_OK)
        return err_set(i->err, rc, "%s: cannot start a worker: %s", i->name, rc_text(rc));
    loop_run(i->loop);
    worker_close(i->worker);
    return i->rc;
}

static enum rc import(const char *name, struct arena *arena, struct budget *budget,
                      struct bytes bundle, struct buffer *out, struct err *err)
{
    struct nursery *nursery;
    struct nursery_cfg cfg = {.code = &cell_code_import};
    struct importer i = {.name = name, .budget = budget, .out = out, .err = err};
    enum rc rc = nursery_start(&nursery, arena, &cfg, err);
    if (rc != RC_OK)
        return rc;
    rc = loop_new(&i.loop, err);
    if (rc == RC_OK)
        rc = run_import(&i, arena, nursery, bundle);
    nursery_stop(nursery);
    loop_free(i.loop); // runs what is left of both to its end
    return rc;
}

struct reading { // the files of one mesh
    struct budget *budget;
    struct mesh_bundle bundle;
};

static void give_back(struct reading *r)
{
    for (size_t i = 0; i < r->bundle.count; i++)
        file_forget(r->bundle.file[i].data, r->budget);
}

// Siblings that are missing are left out: the importer says if it cannot do without.
static enum rc read_files(struct reading *r, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    const char *plain = slash != NULL ? slash + 1 : path;
    struct mesh_file *main = &r->bundle.file[0];
    enum rc rc = file_read(&main->data, r->budget, path, FILE_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    main->name = bytes_text(plain);
    r->bundle.count = 1;
    struct bytes sibling[MESH_FILES_MAX];
    size_t count = mesh_siblings(main, sibling);
    for (size_t i = 0; i < count; i++) {
        char beside[FILE_PATH_BYTES];
        char name[MESH_NAME_BYTES_MAX + 1];
        struct text t = text_of(beside, sizeof beside);
        bytes_to_text(sibling[i], name, sizeof name);
        text_addf(&t, "%.*s%s", (int)(plain - path), path, name);
        struct mesh_file *file = &r->bundle.file[r->bundle.count];
        if (t.is_cut || file_read(&file->data, r->budget, beside, FILE_BYTES_MAX, NULL) != RC_OK)
            continue;
        file->name = sibling[i];
        r->bundle.count++;
    }
    return RC_OK;
}

static enum rc bundle_of(struct reading *r, struct buffer *out, const char *name, struct err *err)
{
    size_t len = 0;
    for (size_t i = 0; i < r->bundle.count; i++)
        len += r->bundle.file[i].data.len + MESH_NAME_BYTES_MAX + 32;
    void *at = len < BUNDLE_BYTES_MAX ? budget_take(r->budget, len) : NULL;
    if (at == NULL)
        return err_set(err, RC_FULL, "%s: too large to import", name);
    *out = buffer_of(at, len);
    enum rc rc = mesh_bundle_encode(&r->bundle, out);
    return rc == RC_OK ? rc : err_set(err, rc, "%s: the file's name is too odd to import", name);
}

static enum rc from_file(const char *path, struct arena *arena, struct budget *budget,
                         struct buffer *out, struct err *err)
{
    struct reading r = {.budget = budget};
    struct buffer bundle = {0};
    enum rc rc = read_files(&r, path, err);
    if (rc == RC_OK)
        rc = bundle_of(&r, &bundle, path, err);
    if (rc == RC_OK)
        rc = import(path, arena, budget, buffer_bytes(&bundle), out, err);
    budget_give(budget, bundle.at);
    give_back(&r);
    return rc;
}

enum rc scene_source_get(const char *name, struct arena *arena, struct budget *budget,
                         struct buffer *out, struct err *err)
{
    const enum rc rc = scenes_make(bytes_text(name), budget, out, err);
    if (rc != RC_ABSENT)
        return rc;
    if (strchr(name, '.') == NULL && strchr(name, '/') == NULL)
        return RC_CONFIG; // in the words of scenes_make
    return from_file(name, arena, budget, out, err);
}
