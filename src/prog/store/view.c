// SPDX-License-Identifier: MIT
// What a person, or a script, sees of a store.
#include "prog/store/view.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "prog/json_line.h"

#define LINE_BYTES 8192
#define SIZE_BYTES 32

static void put_name(struct json_writer *w, const struct digest *name)
{
    char cid[CID_TEXT_BYTES];
    char hex[DIGEST_HEX_BYTES];
    digest_cid(name, cid);
    digest_hex(name, hex);
    json_put_text(w, "name", cid);
    json_put_text(w, "sha256", hex);
}

static const char *size_text(char room[static SIZE_BYTES], uint64_t bytes)
{
    struct text t = text_of(room, SIZE_BYTES);
    text_add_size(&t, bytes);
    return room;
}

void store_view_added(bool is_json, const struct digest *name, const char *path)
{
    char cid[CID_TEXT_BYTES];
    digest_cid(name, cid);
    if (!is_json) {
        printf("%s  %s\n", cid, path);
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "added");
    put_name(w, name);
    json_put_bytes(w, "file", bytes_text(path));
    json_line_end(&line);
}

// Each label by `put`.
static void for_labels(const struct store *s, const struct digest *name, void *context,
                       void (*put)(void *context, const char *label))
{
    char label[STORE_LABEL_BYTES_MAX + 1];
    enum rc rc = store_kept(s, name, bytes_text(""), label);
    while (rc == RC_OK) {
        put(context, label);
        rc = store_kept(s, name, bytes_text(label), label);
    }
}

static void label_as_json(void *context, const char *label)
{
    json_put_bytes(context, NULL, bytes_text(label));
}

static void label_as_text(void *context, const char *label)
{
    struct text *t = context;
    text_add(t, t->len == 0 ? "pinned: " : ", ");
    text_add_safe(t, bytes_text(label));
}

void store_view_object(bool is_json, const struct store *s, const struct digest *name,
                       const struct store_info *info)
{
    if (is_json) {
        struct json_line line;
        struct json_writer *w = json_line_start(&line, "object");
        put_name(w, name);
        json_put_u64(w, "bytes", info->size_bytes);
        json_put_flag(w, "is_file", info->is_large);
        json_put_u64(w, "idle_uses", info->idle);
        json_put_u64(w, "copies", info->copies);
        json_put_array(w, "labels");
        for_labels(s, name, w, label_as_json);
        json_put_array_end(w);
        json_line_end(&line);
        return;
    }
    char cid[CID_TEXT_BYTES];
    char size[SIZE_BYTES];
    char room[LINE_BYTES];
    struct text labels = text_of(room, sizeof room);
    digest_cid(name, cid);
    for_labels(s, name, &labels, label_as_text);
    printf("%s  %8s%s%s\n", cid, size_text(size, info->size_bytes), labels.len > 0 ? "  " : "",
           room);
}

void store_view_stat(bool is_json, const struct store_stat *stat)
{
    if (is_json) {
        struct json_line line;
        struct json_writer *w = json_line_start(&line, "stat");
        json_put_u64(w, "objects", stat->objects);
        json_put_u64(w, "bytes", stat->bytes);
        json_put_u64(w, "files", stat->large_objects);
        json_put_u64(w, "file_bytes", stat->large_bytes);
        json_put_u64(w, "pinned", stat->kept);
        json_put_u64(w, "objects_max", stat->objects_max);
        json_put_u64(w, "bytes_max", stat->bytes_max);
        json_put_u64(w, "orphans", stat->orphans);
        json_line_end(&line);
        return;
    }
    char size[SIZE_BYTES];
    char limit[SIZE_BYTES];
    printf("%" PRIu64 " object%s, %s of at most %s (%.1f %%)\n", stat->objects,
           stat->objects == 1 ? "" : "s", size_text(size, stat->bytes),
           size_text(limit, stat->bytes_max),
           100.0 * (double)stat->bytes / (double)stat->bytes_max);
    printf("%" PRIu64 " as files of their own, %s\n", stat->large_objects,
           size_text(size, stat->large_bytes));
    printf("%" PRIu64 " pinned\n", stat->kept);
    if (stat->orphans > 0)
        printf("%" PRIu64 " files without an entry, left by a crash, were removed\n",
               stat->orphans);
}

void store_view_gc(bool is_json, const struct store_stat *stat)
{
    if (is_json) {
        struct json_line line;
        json_put_u64(json_line_start(&line, "gc"), "removed", stat->orphans);
        json_line_end(&line);
        return;
    }
    printf("%" PRIu64 " files without an entry removed\n", stat->orphans);
}

void store_view_damaged(struct store_view_check *c, const struct digest *name, uint64_t size_bytes)
{
    char cid[CID_TEXT_BYTES];
    c->damaged++;
    c->damaged_bytes += size_bytes;
    digest_cid(name, cid);
    if (!c->is_json) {
        printf("%s  damaged%s\n", cid, c->is_fix ? ", deleted" : "");
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "damaged");
    put_name(w, name);
    json_put_flag(w, "is_deleted", c->is_fix);
    json_line_end(&line);
}

void store_view_checked(const struct store_view_check *c)
{
    if (!c->is_json) {
        char size[SIZE_BYTES];
        printf("%" PRIu64 " object%s, %s checked\n", c->objects, c->objects == 1 ? "" : "s",
               size_text(size, c->bytes));
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "verified");
    json_put_u64(w, "objects", c->objects);
    json_put_u64(w, "bytes", c->bytes);
    json_put_u64(w, "damaged", c->damaged);
    json_line_end(&line);
}
