// SPDX-License-Identifier: MIT
// One gamer's frame on the hub: probe, split into tiles of equal cost, and count what is back.
//
//     FETCHING -> PROBING -> TRACING -> (freed)
//
// Where the cost lies is remembered per gamer in a view: the first frame of a view is probed,
// the next ones are split by what the last ones measured.
#ifndef COMPUTE_FRAME_H
#define COMPUTE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "compute/msg.h"
#include "compute/queue.h"
#include "work/cost.h"

#define FRAME_TILE_PIXELS_MAX (1u << 20) // a result then fits one message
#define FRAME_PROBE_PIXELS    2000u      // at least, if the frame has as many
#define FRAME_PROBE_SAMPLES   12u // at most; fewer keep it below 2 % of a frame of few samples
#define FRAME_TASK_UNITS      1e9 // of cost in one task: about ten seconds of one core
#define FRAME_TILES_A_SLOT    4u  // unless the gamer says otherwise

enum frame_state {
    FRAME_FETCHING, // the scene is on its way from the gamer
    FRAME_PROBING,
    FRAME_TRACING,
};

struct view { // what a gamer looked at last
    struct budget *budget;
    struct msg_submit spec; // job, frame and camera say nothing about the cost map
    struct cost *cost;      // NULL: nothing is known
    double frame_units;     // what the whole frame costs, in trace's cost units
};

struct frame {
    struct list node;  // in its gamer's frames
    struct list tasks; // all of them, wherever they are
    struct gamer *gamer;
    struct msg_submit spec;
    enum frame_state state;
    uint32_t tasks_all, tasks_done; // tiles, times sample ranges
    uint32_t retries, wrong;
    bool is_pinned; // its scene, in the store
};

// True: the view's cost map is of a frame like this, no probe is needed.
bool view_fits(const struct view *v, const struct msg_submit *spec);
void view_reset(struct view *v);

// Puts the probe into the queue. RC_NOMEM.
MUST_USE enum rc frame_probe(struct frame *f, struct queue *q);
// The probe's report is in. RC_MALFORMED: it is none; the map is then flat. RC_NOMEM.
MUST_USE enum rc frame_probed(struct frame *f, struct view *v, struct bytes report);
// Splits and puts all tiles into the queue, dearest first. weight: relative speed of each of
// `count` slots, fast ones get dearer tiles; tiles are dealt to slots in turn. RC_NOMEM.
MUST_USE enum rc frame_plan(struct frame *f, struct view *v, struct queue *q, const double *weight,
                            uint32_t count);
// A verified tile: where did its time go? speed: of who did it, cost units per microsecond.
void frame_learn(struct view *v, const struct task *t, struct bytes report, uint64_t cpu_us,
                 double speed);
// Sum of the cost units of a report; 0 if it is none.
double frame_report_units(struct bytes report);

#endif
