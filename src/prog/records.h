// SPDX-License-Identifier: MIT
// What the hub writes down: tables tasks, results, peers and gamers of its SQLite file.
//
// Written from the broker's notes, one transaction for each turn of the loop.
#ifndef PROG_RECORDS_H
#define PROG_RECORDS_H

#include <stdint.h>

#include "base/log.h"
#include "compute/broker.h"
#include "os/db.h"

struct records {
    struct db *db;
    const struct log *log;
    uint64_t lost; // notes that could not be written
};

// RC_CONFIG, RC_IO: words in *err.
MUST_USE enum rc records_open(struct records *r, const char *path, const struct log *log,
                              struct err *err);
void records_put(struct records *r, const struct broker_note *note, uint64_t wall_s);
void records_commit(struct records *r); // what was put is on the disk
void records_close(struct records *r);

#endif
