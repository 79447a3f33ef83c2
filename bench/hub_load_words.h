// SPDX-License-Identifier: MIT
// The two JSON vocabularies between gamers, coordinator and helpers: written, and read back.
//
// `seed` says "type" at the top: register_peer, register_gamer, registered, submit_task,
// execute_task, task_result. `net` wraps everything in {msg_type, msg_id, timestamp, data}:
// register_peer, register_user, registration_ack, task_request, task_assignment, task_result,
// task_error, heartbeat.
//
// A task is an echo of its data: a run's name, a number, and a filler that follows from the
// number, so that an answer can be told apart, and found wrong, without keeping what was sent. Its
// id is the run's name and its own number; tasks that share a number of data are the same work
// under different ids. A `seed` coordinator of old makes up ids of its own: there the data tells.
// Everything read is borrowed from the message.
#ifndef HUB_LOAD_WORDS_H
#define HUB_LOAD_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define WORDS_PAYLOAD_BYTES_MAX 65536 // of filler
#define WORDS_FILLER_STEPS      4096  // so many different fillers
#define WORDS_RUN_BYTES         17

enum words_vocabulary { WORDS_SEED, WORDS_NET };

struct words { // all but wall_s is fixed by words_init
    enum words_vocabulary vocabulary;
    char run[WORDS_RUN_BYTES]; // unique to this run: no cache knows its tasks, no hub its ids
    size_t payload_bytes;
    uint64_t wall_s; // the time that messages carry; the owner keeps it fresh
    uint64_t message_count;
    char filler[WORDS_FILLER_STEPS + WORDS_PAYLOAD_BYTES_MAX];
};

enum words_kind {
    WORDS_OTHER, // nothing to be done about it
    WORDS_REGISTERED,
    WORDS_ASSIGNED, // to a helper: task_id and data
    WORDS_DONE,     // to a gamer: task_id and data, the result
    WORDS_FAILED,   // to a gamer: task_id, perhaps
    WORDS_UNKNOWN,  // a type that is none of the vocabulary's, or no JSON object
};

struct words_message {
    enum words_kind kind;
    struct bytes task_id; // without quotes
    struct bytes data;    // JSON as it came
};

void words_init(struct words *w, enum words_vocabulary vocabulary, size_t payload_bytes,
                uint64_t run);

// Each appends one message to *out.
void words_register(struct words *w, struct buffer *out, bool is_helper, size_t index);
void words_submit(struct words *w, struct buffer *out, uint64_t task, uint64_t data);
// What a coordinator would make of words_submit for a helper: for a path without one.
void words_assign(struct words *w, struct buffer *out, uint64_t task, uint64_t data);
void words_result(struct words *w, struct buffer *out, size_t helper,
                  const struct words_message *assigned);
void words_heartbeat(struct words *w, struct buffer *out, size_t helper);

void words_read(const struct words *w, struct bytes text, struct words_message *out);
// The task's number, if the id is one of this run's.
bool words_task(const struct words *w, struct bytes task_id, uint64_t *task);
// The data's number, if it is one of this run's and every byte of it as it was sent.
bool words_data(const struct words *w, struct bytes data, uint64_t *number);

#endif
