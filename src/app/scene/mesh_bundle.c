// SPDX-License-Identifier: MIT
// Which files a mesh refers to, and the bundle that carries them.
#include "scene/mesh.h"

#include <assert.h>
#include <string.h>

#include "wire/cbor.h"

static bool is_plain(struct bytes name)
{
    if (name.len == 0 || name.len > MESH_NAME_BYTES_MAX || bytes_is(name, ".") ||
        bytes_is(name, ".."))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        if (c < 0x20 || c > 0x7e || c == '/' || c == '\\' || c == ':')
            return false;
    }
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool mesh_name_ends(struct bytes name, const char *tail)
{
    size_t len = strlen(tail);
    if (name.len < len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(name.at[name.len - len + i]) != (uint8_t)tail[i])
            return false;
    return true;
}

static bool starts_with(struct bytes b, const char *head)
{
    return bytes_is(bytes_part(b, 0, strlen(head)), head);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trimmed(struct bytes b)
{
    while (b.len > 0 && is_blank(b.at[0]))
        b = bytes_part(b, 1, b.len - 1);
    while (b.len > 0 && is_blank(b.at[b.len - 1]))
        b.len--;
    return b;
}

struct names {
    struct bytes *at;
    size_t count;
};

static void add(struct names *n, struct bytes name, struct bytes main_name)
{
    if (!is_plain(name) || bytes_equal(name, main_name) || n->count >= MESH_FILES_MAX - 1)
        return;
    for (size_t i = 0; i < n->count; i++)
        if (bytes_equal(n->at[i], name))
            return;
    n->at[n->count++] = name;
}

// OBJ: lines "mtllib NAME"; the name may hold blanks, as assimp reads it.
static void scan_obj(struct names *n, const struct mesh_file *main)
{
    struct bytes left = bytes_part(main->data, 0, MESH_SCAN_BYTES_MAX);
    assert(n->count == 0);
    while (left.len > 0) {
        const uint8_t *end = memchr(left.at, '\n', left.len);
        size_t len = end != NULL ? (size_t)(end - left.at) : left.len;
        struct bytes line = trimmed(bytes_part(left, 0, len));
        if (starts_with(line, "mtllib ") || starts_with(line, "mtllib\t"))
            add(n, trimmed(bytes_part(line, 7, line.len)), main->name);
        left = end != NULL ? bytes_part(left, len + 1, left.len) : bytes_of(NULL, 0);
    }
}

static bool is_picture(struct bytes name)
{
    return mesh_name_ends(name, ".png") || mesh_name_ends(name, ".jpg") ||
           mesh_name_ends(name, ".jpeg") || mesh_name_ends(name, ".webp") ||
           mesh_name_ends(name, ".ktx2");
}

static struct bytes skip_space(struct bytes b)
{
    while (b.len > 0 && (is_blank(b.at[0]) || b.at[0] == '\n'))
        b = bytes_part(b, 1, b.len - 1);
    return b;
}

// glTF: JSON members "uri": "NAME"; data: URLs and pictures are nobody's siblings.
static void scan_gltf(struct names *n, const struct mesh_file *main)
{
    struct bytes left = bytes_part(main->data, 0, MESH_SCAN_BYTES_MAX);
    const uint8_t *quote;
    while (left.len > 0 && (quote = memchr(left.at, '"', left.len)) != NULL) {
        left = bytes_part(left, (size_t)(quote - left.at), left.len);
        if (!starts_with(left, "\"uri\"")) {
            left = bytes_part(left, 1, left.len);
            continue;
        }
        left = skip_space(bytes_part(left, 5, left.len));
        if (!starts_with(left, ":"))
            continue;
        left = skip_space(bytes_part(left, 1, left.len));
        if (!starts_with(left, "\""))
            continue;
        left = bytes_part(left, 1, left.len);
        struct bytes name = bytes_part(left, 0, MESH_NAME_BYTES_MAX + 1);
        const uint8_t *end = name.len > 0 ? memchr(name.at, '"', name.len) : NULL;
        if (end == NULL)
            continue;
        name.len = (size_t)(end - name.at);
        if (!is_picture(name))
            add(n, name, main->name);
        left = bytes_part(left, name.len + 1, left.len);
    }
}

size_t mesh_siblings(const struct mesh_file *main, struct bytes out[static MESH_FILES_MAX])
{
    struct names n = {.at = out};
    if (mesh_name_ends(main->name, ".obj"))
        scan_obj(&n, main);
    else if (mesh_name_ends(main->name, ".gltf") || mesh_name_ends(main->name, ".glb"))
        scan_gltf(&n, main);
    assert(n.count < MESH_FILES_MAX);
    return n.count;
}

static bool is_valid(const struct mesh_bundle *b)
{
    if (b->count == 0 || b->count > MESH_FILES_MAX)
        return false;
    for (size_t i = 0; i < b->count; i++) {
        if (!is_plain(b->file[i].name))
            return false;
        for (size_t k = 0; k < i; k++)
            if (bytes_equal(b->file[i].name, b->file[k].name))
                return false;
    }
    return true;
}

enum rc mesh_bundle_encode(const struct mesh_bundle *bundle, struct buffer *out)
{
    if (!is_valid(bundle))
        return RC_REFUSED;
    cbor_put_array(out, bundle->count);
    for (size_t i = 0; i < bundle->count; i++) {
        char name[MESH_NAME_BYTES_MAX + 1];
        bytes_to_text(bundle->file[i].name, name, sizeof name);
        cbor_put_array(out, 2);
        cbor_put_text(out, name);
        cbor_put_bytes(out, bundle->file[i].data);
    }
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc mesh_bundle_decode(struct mesh_bundle *out, struct bytes in)
{
    if (in.len > MESH_BUNDLE_BYTES_MAX)
        return RC_MALFORMED;
    struct mesh_bundle b = {0};
    struct cbor_reader r = cbor_reader_of(in);
    b.count = cbor_get_array(&r, MESH_FILES_MAX);
    for (size_t i = 0; i < b.count; i++) {
        if (cbor_get_array(&r, 2) != 2)
            return RC_MALFORMED;
        b.file[i].name = cbor_get_text(&r);
        b.file[i].data = cbor_get_bytes(&r);
    }
    if (!cbor_done(&r) || !is_valid(&b))
        return RC_MALFORMED;
    *out = b;
    return RC_OK;
}
