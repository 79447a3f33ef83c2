// SPDX-License-Identifier: MIT
// The hub's disk in a simulated crowd: rows by key, as its database keeps them.
#include "crowd_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"

#define ARENA_BYTES ((size_t)256 << 20)
#define ROWS_MAX    (1u << 19) // of one table

struct row {
    struct list node;
    struct list tasks; // of a job
    struct record record;
    uint64_t taken_us;
    uint64_t end_us; // of a job that is done
    uint8_t at[];
};

struct job_row_key {
    struct digest gamer;
    uint64_t number;
};

struct rows {
    struct arena *arena;
    struct list journal;
    struct list results, peers, jobs; // in the order in which they were written
    struct map *result_by_asked, *peer_by_node, *job_by_key;
};

struct rows *rows_new(void)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct rows *r = arena != NULL ? arena_take(arena, sizeof *r) : NULL;
    assert(r != NULL);
    r->arena = arena;
    list_init(&r->journal);
    list_init(&r->results);
    list_init(&r->peers);
    list_init(&r->jobs);
    r->result_by_asked = map_new(arena, DIGEST_BYTES, ROWS_MAX, 1);
    r->peer_by_node = map_new(arena, DIGEST_BYTES, ROWS_MAX, 2);
    r->job_by_key = map_new(arena, sizeof(struct job_row_key), ROWS_MAX, 3);
    assert(r->result_by_asked != NULL && r->peer_by_node != NULL && r->job_by_key != NULL);
    return r;
}

static void drop(struct list *rows)
{
    LIST_FOR_SAFE (it, rows) {
        struct row *row = CONTAINER_OF(it, struct row, node);
        drop(&row->tasks); // tasks have none
        list_del(&row->node);
        free(row);
    }
}

void rows_free(struct rows *r)
{
    drop(&r->journal);
    drop(&r->results);
    drop(&r->peers);
    drop(&r->jobs);
    arena_free(r->arena);
}

void rows_take(struct rows *r, const struct record *record, uint64_t now_us)
{
    struct row *row = malloc(sizeof *row + record->bytes.len);
    assert(row != NULL);
    *row = (struct row){.record = *record, .taken_us = now_us};
    list_init(&row->tasks);
    if (record->bytes.len > 0)
        memcpy(row->at, record->bytes.at, record->bytes.len);
    row->record.bytes = bytes_of(row->at, record->bytes.len);
    list_push_back(&r->journal, &row->node);
}

static void put(struct map *m, const void *key, struct list *rows, struct row *row)
{
    struct row *old = map_get(m, key);
    if (old != NULL) {
        drop(&old->tasks);
        list_del(&old->node);
        free(old);
    }
    enum rc rc = map_put(m, key, row);
    assert(rc == RC_OK);
    (void)rc;
    list_push_back(rows, &row->node);
}

static struct job_row_key key_of(const struct record *record)
{
    return (struct job_row_key){record->node, record->job};
}

// Rows that nothing will ask for again go; a frame that is done is asked for once more.
static void end_job(struct rows *r, struct row *job, const struct row *end)
{
    job->record.state = end->record.state;
    job->end_us = end->taken_us;
    if (end->record.state == RECORD_DONE && !job->record.is_run)
        return;
    struct job_row_key key = key_of(&job->record);
    (void)map_del(r->job_by_key, &key);
    drop(&job->tasks);
    list_del(&job->node);
    free(job);
}

static void of_job(struct rows *r, struct row *row)
{
    struct job_row_key key = key_of(&row->record);
    struct row *job = map_get(r->job_by_key, &key);
    if (job != NULL && row->record.kind == RECORD_TASK) {
        list_push_back(&job->tasks, &row->node);
        return;
    }
    if (job != NULL && row->record.kind == RECORD_PLAN) {
        job->record.plan = row->record.plan;
        job->record.pieces = row->record.pieces;
        drop(&job->tasks);
    } else if (job != NULL && row->record.kind == RECORD_END) {
        end_job(r, job, row);
    }
    free(row);
}

static void write(struct rows *r, struct row *row)
{
    struct job_row_key key = key_of(&row->record);
    list_del(&row->node);
    if (row->record.kind == RECORD_RESULT)
        put(r->result_by_asked, row->record.asked.b, &r->results, row);
    else if (row->record.kind == RECORD_PEER)
        put(r->peer_by_node, row->record.node.b, &r->peers, row);
    else if (row->record.kind == RECORD_JOB)
        put(r->job_by_key, &key, &r->jobs, row);
    else if (row->record.kind == RECORD_GAMER)
        free(row); // statistics
    else
        of_job(r, row);
}

void rows_write(struct rows *r, uint64_t until_us)
{
    LIST_FOR_SAFE (it, &r->journal) {
        struct row *row = CONTAINER_OF(it, struct row, node);
        if (row->taken_us > until_us)
            return;
        write(r, row);
    }
}

void rows_crash(struct rows *r)
{
    drop(&r->journal);
}

static void give(const struct row *row, struct broker *b, uint64_t now_us)
{
    struct record record = row->record;
    record.age_us = now_us - row->taken_us;
    broker_restore(b, &record, now_us);
}

void rows_restore(const struct rows *r, struct broker *b, uint64_t now_us)
{
    LIST_FOR (it, &r->results)
        give(CONTAINER_OF(it, struct row, node), b, now_us);
    LIST_FOR (it, &r->peers)
        give(CONTAINER_OF(it, struct row, node), b, now_us);
    LIST_FOR (it, &r->jobs) {
        const struct row *job = CONTAINER_OF(it, struct row, node);
        if (job->record.state == RECORD_DONE && now_us - job->end_us >= BROKER_LINGER_US)
            continue;
        give(job, b, now_us);
        LIST_FOR (task, &job->tasks)
            give(CONTAINER_OF(task, struct row, node), b, now_us);
    }
    broker_restored(b, now_us);
}

const struct record_standing *rows_peer(const struct rows *r, const struct digest *node)
{
    const struct row *row = map_get(r->peer_by_node, node->b);
    return row != NULL ? &row->record.standing : NULL;
}
