// SPDX-License-Identifier: MIT
// The hub's disk in a simulated crowd: rows by key, as its database keeps them.
//
// What is taken lies in a journal until it is written, in order; a crash leaves what was written.
// Rows are those of prog/hub/archive: results, peers, jobs with their tasks.
#ifndef TEST_CROWD_ROWS_H
#define TEST_CROWD_ROWS_H

#include "compute/broker.h"

struct rows;

struct rows *rows_new(void); // asserts instead of failing
void rows_free(struct rows *r);
// Copied into the journal.
void rows_take(struct rows *r, const struct record *record, uint64_t now_us);
// What was taken up to until_us is written.
void rows_write(struct rows *r, uint64_t until_us);
void rows_crash(struct rows *r); // the rest of the journal is gone
// Gives all rows to a new broker, and says that they are all.
void rows_restore(const struct rows *r, struct broker *b, uint64_t now_us);
// What is known of a peer; NULL: nothing.
const struct record_standing *rows_peer(const struct rows *r, const struct digest *node);

#endif
