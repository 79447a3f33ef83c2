// SPDX-License-Identifier: MIT
// What a machine wants sent, closed or told, in order, until its host takes it.
//
// Every item is one block of the machine's memory budget. A machine whose budget is spent drops
// the item and remembers which connection it owed it to: that connection cannot be trusted to be
// in step any more, and is closed. Room to remember all of them is taken at the start.
#ifndef COMPUTE_OUTBOX_H
#define COMPUTE_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/list.h"
#include "compute/msg.h"

enum out_kind {
    OUT_SEND,  // `bytes` is a whole message for connection `conn`
    OUT_CLOSE, // close `conn`; `bytes` is the reason, for people
    OUT_PAUSE, // read nothing from `conn` before until_us
};

struct out {
    enum out_kind kind;
    uint64_t conn;
    uint64_t payer;     // SEND: the connection at whose expense it is
    struct bytes bytes; // valid until the next outbox_next
    bool is_text;       // SEND: as WebSocket tells text from bytes
    uint64_t until_us;  // PAUSE
};

#define OUTBOX_PLACES 256u // that connections are spread over, to be forgotten fast

struct outbox { // fields are private to outbox.c
    struct list items;
    struct list place[OUTBOX_PLACES]; // the same items, by their connection
    struct budget *budget;
    void *given;    // the block behind the last outbox_next
    uint64_t *owed; // connections that something was dropped for, each once
    size_t owed_count, owed_max;
    uint64_t payer; // of what is put now; 0: its receiver
};

// budget and owed are borrowed for life; owed_max: as many connections as may be known at once.
void outbox_init(struct outbox *o, struct budget *budget, uint64_t *owed, size_t owed_max);
void outbox_drop_all(struct outbox *o); // forgets everything, gives all memory back
void outbox_send(struct outbox *o, uint64_t conn, const struct msg *m);
// A message that is encoded already, as text; copied.
void outbox_text(struct outbox *o, uint64_t conn, struct bytes text);
void outbox_pause(struct outbox *o, uint64_t conn, uint64_t until_us);
void outbox_close(struct outbox *o, uint64_t conn, const char *reason); // reason is copied
// What is put from now on is at this connection's expense; 0: at its receiver's.
void outbox_bill(struct outbox *o, uint64_t payer);
// Forgets what is queued for a connection that is gone.
void outbox_forget(struct outbox *o, uint64_t conn);
bool outbox_next(struct outbox *o, struct out *out); // false: nothing more

#endif
