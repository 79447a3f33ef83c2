// SPDX-License-Identifier: MIT
// A host's tables: what it keeps of a broker's records, by key, and gives back after a crash.
//
// For tests and fuzz targets only; asserts instead of failing. A row is replaced by a later record
// with the same key, as in a database. A power cut leaves the rows that were taken by then.
#ifndef COMPUTE_ROWS_TEST_H
#define COMPUTE_ROWS_TEST_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "compute/broker.h"

struct row {
    struct record record; // its bytes are the row's own
    uint64_t taken_us;
};

struct rows {
    struct row *at;
    size_t count, cap;
};

static inline void rows_cut(struct rows *r, size_t at) // the order of the others stays
{
    assert(at < r->count);
    free((void *)(uintptr_t)r->at[at].record.bytes.at);
    memmove(&r->at[at], &r->at[at + 1], (r->count - at - 1) * sizeof *r->at);
    r->count--;
}

static inline void rows_drop(struct rows *r)
{
    while (r->count > 0)
        rows_cut(r, r->count - 1);
    free(r->at);
    *r = (struct rows){0};
}

static inline void rows_add(struct rows *r, const struct record *record, uint64_t now_us)
{
    if (r->count == r->cap) {
        r->cap = r->cap * 2 + 16;
        r->at = realloc(r->at, r->cap * sizeof *r->at);
        assert(r->at != NULL);
    }
    uint8_t *copy = malloc(record->bytes.len + 1);
    assert(copy != NULL);
    if (record->bytes.len > 0)
        memcpy(copy, record->bytes.at, record->bytes.len);
    struct row *row = &r->at[r->count++];
    *row = (struct row){*record, now_us};
    row->record.bytes = bytes_of(copy, record->bytes.len);
}

static inline bool rows_is_of_job(const struct row *row, enum record_kind kind,
                                  const struct record *r)
{
    return row->record.kind == kind && row->record.job == r->job &&
           digest_equal(&row->record.node, &r->node);
}

static inline struct record *rows_job(struct rows *r, const struct record *of)
{
    for (size_t i = 0; i < r->count; i++)
        if (rows_is_of_job(&r->at[i], RECORD_JOB, of))
            return &r->at[i].record;
    return NULL;
}

static inline void rows_cut_tasks(struct rows *r, const struct record *job)
{
    for (size_t i = r->count; i > 0; i--)
        if (rows_is_of_job(&r->at[i - 1], RECORD_TASK, job))
            rows_cut(r, i - 1);
}

static inline bool rows_same_key(const struct record *a, const struct record *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == RECORD_JOB)
        return a->job == b->job && digest_equal(&a->node, &b->node);
    if (a->kind == RECORD_RESULT)
        return digest_equal(&a->asked, &b->asked);
    return a->kind == RECORD_PEER && digest_equal(&a->node, &b->node);
}

static inline void rows_take(struct rows *r, const struct record *record, uint64_t now_us)
{
    struct record *job = rows_job(r, record);
    if (record->kind == RECORD_PLAN && job != NULL) {
        job->plan = record->plan;
        job->pieces = record->pieces;
        rows_cut_tasks(r, record);
    } else if (record->kind == RECORD_END && job != NULL) {
        job->state = record->state;
    } else if (record->kind == RECORD_JOB || record->kind == RECORD_RESULT ||
               record->kind == RECORD_PEER) {
        for (size_t i = 0; i < r->count; i++)
            if (rows_same_key(&r->at[i].record, record)) {
                rows_cut(r, i);
                break;
            }
        if (record->kind == RECORD_JOB)
            rows_cut_tasks(r, record);
        rows_add(r, record, now_us);
    } else if (record->kind == RECORD_TASK && job != NULL) {
        rows_add(r, record, now_us);
    }
}

static inline void rows_give(const struct row *row, struct broker *b, uint64_t now_us)
{
    struct record record = row->record;
    record.age_us = now_us - row->taken_us;
    broker_restore(b, &record, now_us);
}

// Results and peers first, then each job with its tasks.
static inline void rows_restore(const struct rows *r, struct broker *b, uint64_t now_us)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->at[i].record.kind == RECORD_RESULT || r->at[i].record.kind == RECORD_PEER)
            rows_give(&r->at[i], b, now_us);
    for (size_t i = 0; i < r->count; i++) {
        if (r->at[i].record.kind != RECORD_JOB)
            continue;
        rows_give(&r->at[i], b, now_us);
        for (size_t k = 0; k < r->count; k++)
            if (rows_is_of_job(&r->at[k], RECORD_TASK, &r->at[i].record))
                rows_give(&r->at[k], b, now_us);
    }
    broker_restored(b, now_us);
}

#endif
