// SPDX-License-Identifier: MIT
// How one gamer's frame is cut: probe, tiles of equal cost, and what was learned of it.
//
// Where the cost lies is remembered per gamer in a view: the first frame of a view is probed,
// the next ones are split by what the last ones measured.
#ifndef COMPUTE_FRAME_H
#define COMPUTE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "compute/job.h"
#include "compute/msg.h"
#include "compute/queue.h"
#include "work/cost.h"

#define FRAME_TILE_PIXELS_MAX (1u << 20) // a result then fits one message
#define FRAME_PROBE_PIXELS    2000u      // at least, if the frame has as many
#define FRAME_PROBE_SAMPLES   12u // at most; fewer keep it below 2 % of a frame of few samples
#define FRAME_TASK_UNITS      1e9 // of cost in one task: about ten seconds of one core
#define FRAME_TILES_A_SLOT    4u  // unless the gamer says otherwise

struct view { // what a gamer looked at last
    struct budget *budget;
    struct msg_submit spec; // job, frame and camera say nothing about the cost map
    struct cost *cost;      // NULL: nothing is known
    double frame_units;     // what the whole frame costs, in trace's cost units
};

// True: the view's cost map is of a frame like this, no probe is needed.
bool view_fits(const struct view *v, const struct msg_submit *spec);
void view_reset(struct view *v);

// Puts the probe into the queue. RC_NOMEM.
MUST_USE enum rc frame_probe(struct job *f, struct queue *q, struct line *line, uint64_t now_us);
// The probe's report is in. RC_MALFORMED: it is none; the map is then flat. RC_NOMEM.
MUST_USE enum rc frame_probed(struct job *f, struct view *v, struct bytes report);
// Cuts the frame into f->piece. weight: relative speed of each of `count` slots, fast ones get
// dearer tiles; tiles are dealt to slots in turn. RC_NOMEM. RC_FULL: more pieces than may be.
MUST_USE enum rc frame_plan(struct job *f, struct view *v, const double *weight, uint32_t count);
// Where the pieces are, dearest first: a block of the budget. NULL: no room.
uint32_t *frame_order(const struct job *f, struct budget *budget);
// Asks for this piece: params lie in room.
#define FRAME_PARAMS_BYTES 512u
struct task_spec frame_piece_spec(const struct job *f, const struct piece *p,
                                  uint8_t room[static FRAME_PARAMS_BYTES]);
// The other way round: which piece params ask for. RC_MALFORMED: none of this frame.
MUST_USE enum rc frame_piece_of(const struct job *f, struct bytes params, struct piece *out);
// The piece of a tile that begins with this sample; NULL: there is none.
struct piece *frame_find(const struct job *f, uint32_t index, uint32_t sample_first);
// A verified tile: where did its time go? speed: of who did it, cost units per microsecond.
void frame_learn(struct view *v, const struct task *t, struct bytes report, uint64_t cpu_us,
                 double speed);
// Sum of the cost units of a report; 0 if it is none.
double frame_report_units(struct bytes report);

#endif
