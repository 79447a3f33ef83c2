// SPDX-License-Identifier: MIT
// Predict: when a helper's answer to a task will be back, how sure that is, and whether it comes.
//
//     predict_join(p, helper, &intro)                      // before anything is known
//     predict_ask(p, helper, type, size, &forecast)        // network, work, spread, chance
//     predict_meets(p, &forecast, wait_us, left_us)        // P(back, and in time)
//     predict_tell(p, helper, &answer)                     // what became of it
//
// Network and work are kept apart; the wait in a helper's queue is for the caller to know, who has
// sent everything that waits there. Work is the logarithm of time per size, a decaying mean and
// variance for each helper and type. Who is new to a type is expected to be as much faster or
// slower than others as it was elsewhere, and as its class is; what it claims counts as little
// evidence as two answers. Chance is a decaying Beta, and silence is kept apart from reported
// errors.
//
// The hour of the day is told (predict_hour). How a helper's network is at each hour against all
// day is kept beside how it was lately, and used where it was nearer.
//
// Intervals are honest by correction, not by assumption: each helper's bounds move after each
// answer until one in ten lies below the lower and one in ten above the upper one (adaptive
// conformal inference, Gibbs and Candes 2021). P(in time) is read from how all errors so far were
// spread.
//
// Reads no clock and throws no dice. Times are microseconds. Belongs to one loop.
#ifndef WORK_PREDICT_H
#define WORK_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"

#define PREDICT_TYPES_MAX   32u
#define PREDICT_CLASSES_MAX 32u // later ones are of class 0
#define PREDICT_COVERAGE    0.8 // of the interval

struct predict;

struct predict_intro { // what a helper says of itself: believed little
    uint32_t class;    // 0: none
    double ping_us;
    double reliability;               // 0..1
    float work_us[PREDICT_TYPES_MAX]; // of a task of size 1, of each type; 0: it says nothing
    double right, wrong;              // answers that others of us remember
};

struct predict_forecast {
    uint32_t helper;
    double net_us;    // there and back
    double work_us;   // the middle: as often longer as shorter
    double spread_us; // standard deviation of net and work
    double chance;    // that it answers, and rightly: 0..1
    double silence;   // that it never answers
};

enum predict_end { PREDICT_RIGHT, PREDICT_ERROR, PREDICT_SILENT };

struct predict_answer {
    enum predict_end end;
    uint32_t type;
    double size;
    double total_us;                         // from sending it; RIGHT only, as is work_us
    double work_us;                          // as the helper says
    bool was_free;                           // it did not have to wait there
    bool was_cold;                           // it had to get the object first: an odd one out
    const struct predict_forecast *forecast; // what was expected ...
    double wait_us;                          // ... with this wait
};

// NULL: the arena's budget is spent. It lives and dies with the arena.
struct predict *predict_new(struct arena *arena, uint32_t helpers_max, uint32_t types);
size_t predict_bytes(uint32_t helpers_max); // that predict_new takes
// helper: 0..helpers_max - 1; whatever was known by that number is forgotten.
void predict_join(struct predict *p, uint32_t helper, const struct predict_intro *intro);
void predict_hour(struct predict *p, double hour); // it is 0..24 now; never told: no matter
void predict_ask(const struct predict *p, uint32_t helper, uint32_t type, double size,
                 struct predict_forecast *out);
// Chance that the answer is back, and right, before left_us are over, after waiting wait_us there.
double predict_meets(const struct predict *p, const struct predict_forecast *f, double wait_us,
                     double left_us);
// After which only 1 - share of the answers come.
double predict_quantile_us(const struct predict *p, const struct predict_forecast *f,
                           double wait_us, double share);
// PREDICT_COVERAGE of this helper's answers come within.
void predict_interval(const struct predict *p, const struct predict_forecast *f, double wait_us,
                      double *low_us, double *high_us);
void predict_tell(struct predict *p, uint32_t helper, const struct predict_answer *answer);
// A copy that was told as silent answered after all.
void predict_unsilence(struct predict *p, uint32_t helper);

#endif
