// SPDX-License-Identifier: MIT
// Small JSON documents: bounded reading over jansson, writing into a bounded text.
//
// Reading checks length and depth before the library sees a byte, so that what it allocates is
// at most some 50 times JSON_BYTES_MAX and its recursion is shallow. Nodes are borrowed from
// the document and die with it. Every json_get_* takes NULL for a node, which makes it easy to
// ask for a member of a member: it is just not there.
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "base/text.h"

struct json_node; // any value: an object, an array, a text, a number, ...

#define JSON_BYTES_MAX 1048576 // 1 MiB
#define JSON_DEPTH_MAX 32      // objects and arrays within one another

// Reads one whole document (RFC 8259; an object or an array at the top, no member twice).
// RC_REFUSED: too long or too deep. RC_MALFORMED: no JSON; *err says where. On failure *out is
// NULL. Ended by json_free.
MUST_USE enum rc json_open(struct json_node **out, struct bytes in, struct err *err);
void json_free(struct json_node *top); // NULL is fine; only what json_open gave

const struct json_node *json_get(const struct json_node *object, const char *member); // or NULL
size_t json_get_count(const struct json_node *array); // 0 if it is none
const struct json_node *json_get_item(const struct json_node *array, size_t index); // or NULL
// False if the node is of another type or out of range; *out is untouched then.
MUST_USE bool json_get_u64(const struct json_node *node, uint64_t max, uint64_t *out);
MUST_USE bool json_get_f64(const struct json_node *node, double *out); // integers too
MUST_USE bool json_get_flag(const struct json_node *node, bool *out);
MUST_USE bool json_get_text(const struct json_node *node, struct bytes *out); // UTF-8, no NUL

// Writes one document on one line. Within an object every value has a name; within an array, and
// at the top, name is NULL. What does not fit is cut, as text.is_cut says.
struct json_writer {
    struct text *out;
    uint32_t depth;
    bool has_before; // a value stands before this one on the same level
};

struct json_writer json_writer_of(struct text *out);
void json_put_object(struct json_writer *w, const char *name); // ended by json_put_object_end
void json_put_array(struct json_writer *w, const char *name);  // ended by json_put_array_end
void json_put_object_end(struct json_writer *w);
void json_put_array_end(struct json_writer *w);
void json_put_u64(struct json_writer *w, const char *name, uint64_t v);
void json_put_i64(struct json_writer *w, const char *name, int64_t v);
void json_put_f64(struct json_writer *w, const char *name, double v); // not finite: null
void json_put_flag(struct json_writer *w, const char *name, bool v);
void json_put_text(struct json_writer *w, const char *name, const char *v); // NULL: null
// Text of a stranger: what is not UTF-8 becomes '?'.
void json_put_bytes(struct json_writer *w, const char *name, struct bytes v);

#endif
