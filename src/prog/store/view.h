// SPDX-License-Identifier: MIT
// What a person, or a script, sees of a store: a line an object, sums at the end.
#ifndef PROG_STORE_VIEW_H
#define PROG_STORE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

void store_view_added(bool is_json, const struct digest *name, const char *path);
void store_view_object(bool is_json, const struct store *s, const struct digest *name,
                       const struct store_info *info);
void store_view_stat(bool is_json, const struct store_stat *stat);
void store_view_gc(bool is_json, const struct store_stat *stat);

struct store_view_check { // of a verify: counted by who verifies, but for damaged
    bool is_json;
    bool is_fix;
    uint64_t objects, bytes;
    uint64_t damaged, damaged_bytes;
};

void store_view_damaged(struct store_view_check *c, const struct digest *name, uint64_t size_bytes);
void store_view_checked(const struct store_view_check *c);

#endif
