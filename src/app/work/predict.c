// SPDX-License-Identifier: MIT
// Predict: when a helper's answer to a task will be back, how sure that is, and whether it comes.
#include "work/predict.h"

#include <assert.h>
#include <math.h>

#define RATE_WORK     0.08  // weight of the newest answer, at least, in means of work ...
#define RATE_NET      0.12  // ... of the network ...
#define RATE_TYPE     0.02  // ... and of all helpers together
#define RATE_BOUND    0.03  // of an interval's bounds, in spreads
#define RATE_ERRORS   0.999 // by which old errors weigh less with each new one
#define CHANCE_DECAY  0.985
#define PRIOR_ANSWERS 2.0 // that what is expected of a newcomer counts for
#define PRIOR_RIGHT   4.0 // answers that a newcomer is given the benefit of ...
#define PRIOR_WRONG   0.6
#define TOLD_MAX      30.0 // that others remember, and that count
#define VARIANCE_NEW  0.25 // of the logarithm of work, of one who is new to it
#define VARIANCE_MIN  0.0025
#define NET_VAR_NEW   4e6 // us^2: 2 ms
#define NET_STEP_MAX  4e8 // us^2: 20 ms
#define HOURS         24
#define HOURS_AFTER   100.0   // answers of a helper, until the hour may count
#define RATE_DAY      0.005   // of its network all day, at least
#define RATE_HOUR     0.1     // of one hour against that: from none on
#define RATE_FIT      0.02    // of which of both is nearer
#define WORK_NEW_US   20000.0 // of size 1, while nobody has done any
#define WAIT_SPREAD   0.35    // of a wait that is itself guessed
#define SPREAD_MIN_US 300.0
#define BINS          64
#define BIN_LOW       (-4.0) // spreads
#define BIN_WIDTH     0.1875
#define ROOT_TAU      2.5066282746310002 // of 2 pi

struct skill_mean { // of the logarithm of work per size
    double mean, variance, count;
};

struct day { // of one helper's network
    double all_us;
    double hour[HOURS];           // against all, as logarithms
    double off_with, off_without; // how far answers were off by the hour, and by the last ones
};

struct known { // of one helper
    uint32_t class;
    double net_us, net_var, net_count;
    struct day day;
    double right, error, silent;
    double ratio, ratio_count;     // how much slower than others, as a logarithm, over all types
    double low, high;              // bounds of the interval, in spreads
    float says[PREDICT_TYPES_MAX]; // of its work, as a logarithm; 0: nothing
    struct skill_mean work[PREDICT_TYPES_MAX];
};

struct predict {
    uint32_t types;
    uint32_t hour;
    struct known *known;
    struct skill_mean of_type[PREDICT_TYPES_MAX];
    struct skill_mean of_class[PREDICT_CLASSES_MAX]; // against the type's
    double error[BINS];     // how often answers came so many spreads late, decaying
    double below[BINS + 1]; // shares of those in the bins before
};

size_t predict_bytes(uint32_t helpers_max)
{
    return sizeof(struct predict) + (size_t)helpers_max * sizeof(struct known);
}

static void errors_add_up(struct predict *p)
{
    double sum = 0;
    for (int i = 0; i < BINS; i++) {
        p->below[i] = sum;
        sum += p->error[i];
    }
    for (int i = 0; i < BINS; i++)
        p->below[i] /= sum;
    p->below[BINS] = 1;
}

// Before any error was seen: as those of a normal distribution.
static void errors_expect_normal(struct predict *p)
{
    for (int i = 0; i < BINS; i++) {
        double z = BIN_LOW + (i + 0.5) * BIN_WIDTH;
        p->error[i] = 20 * BIN_WIDTH * exp(-z * z / 2) / ROOT_TAU;
    }
    errors_add_up(p);
}

struct predict *predict_new(struct arena *arena, uint32_t helpers_max, uint32_t types)
{
    assert(types <= PREDICT_TYPES_MAX);
    struct predict *p = arena_take(arena, sizeof *p);
    if (p == NULL)
        return NULL;
    p->types = types;
    p->known = arena_take_array(arena, helpers_max, sizeof *p->known);
    errors_expect_normal(p);
    return p->known != NULL ? p : NULL;
}

void predict_join(struct predict *p, uint32_t helper, const struct predict_intro *intro)
{
    const double told = intro->right + intro->wrong;
    const double share = told > TOLD_MAX ? TOLD_MAX / told : 1;
    const double wrong = PRIOR_WRONG + share * intro->wrong;
    struct known *k = &p->known[helper];
    *k = (struct known){.class = intro->class < PREDICT_CLASSES_MAX ? intro->class : 0,
                        .net_us = intro->ping_us,
                        .net_var = NET_VAR_NEW,
                        .day = {.all_us = intro->ping_us},
                        .right = PRIOR_RIGHT + share * intro->right,
                        .error = wrong / 2,
                        .silent = wrong / 2,
                        .low = -1.28,
                        .high = 1.28};
    for (uint32_t i = 0; i < p->types; i++)
        k->says[i] = intro->work_us[i] > 0 ? logf(intro->work_us[i]) : 0;
}

// ---- What is expected

static void blend(struct skill_mean *to, const struct skill_mean *from, double weight)
{
    to->mean = (to->mean * to->count + from->mean * weight) / (to->count + weight);
    to->variance = (to->variance * to->count + from->variance * weight) / (to->count + weight);
    to->count += weight;
}

// Of the logarithm of work per size: its own answers, and as many as PRIOR_ANSWERS of what others
// and other types let expect.
static struct skill_mean work_of(const struct predict *p, const struct known *k, uint32_t type)
{
    const struct skill_mean *all = &p->of_type[type];
    const struct skill_mean *class = &p->of_class[k->class];
    const bool says = k->says[type] > 0;
    const double unheard = says ? (double)k->says[type] : log(WORK_NEW_US);
    struct skill_mean prior = {.mean = all->count > 0 ? all->mean : unheard,
                               .variance = VARIANCE_NEW};
    double ratio = k->ratio * k->ratio_count;
    double weight = k->ratio_count;
    if (k->class != 0 && class->count > 0) {
        ratio += class->mean * PRIOR_ANSWERS;
        weight += PRIOR_ANSWERS;
    }
    if (says) {
        ratio += ((double)k->says[type] - prior.mean) * PRIOR_ANSWERS;
        weight += PRIOR_ANSWERS;
    }
    if (weight > 0)
        prior.mean += ratio / (weight + 1);
    struct skill_mean own = k->work[type];
    blend(&own, &prior, PRIOR_ANSWERS * PRIOR_ANSWERS / (PRIOR_ANSWERS + own.count));
    own.variance = fmax(own.variance, VARIANCE_MIN);
    return own;
}

void predict_hour(struct predict *p, double hour)
{
    p->hour = (uint32_t)fmin(HOURS - 1, fmax(0, hour));
}

static double by_hour_us(const struct predict *p, const struct known *k)
{
    return k->day.all_us * exp(k->day.hour[p->hour]);
}

// As it was lately; as it is at this hour, where that was nearer.
static double net_of(const struct predict *p, const struct known *k)
{
    const bool has_hours = k->net_count >= HOURS_AFTER && k->day.off_with < k->day.off_without;
    return has_hours ? by_hour_us(p, k) : k->net_us;
}

void predict_ask(const struct predict *p, uint32_t helper, uint32_t type, double size,
                 struct predict_forecast *out)
{
    const struct known *k = &p->known[helper];
    const struct skill_mean work = work_of(p, k, type);
    const double work_us = size * exp(work.mean);
    const double wrong = k->error + k->silent;
    *out = (struct predict_forecast){
        .helper = helper,
        .net_us = net_of(p, k),
        .work_us = work_us,
        .spread_us = fmax(sqrt(k->net_var + work_us * work_us * work.variance), SPREAD_MIN_US),
        .chance = k->right / (k->right + wrong),
        .silence = k->silent / (k->right + wrong)};
}

static double spread_us(const struct predict_forecast *f, double wait_us)
{
    return wait_us > 0 ? hypot(f->spread_us, WAIT_SPREAD * wait_us) : f->spread_us;
}

// Share of errors below z spreads.
static double errors_below(const struct predict *p, double z)
{
    const double at = (z - BIN_LOW) / BIN_WIDTH;
    if (at <= 0 || at >= BINS)
        return at <= 0 ? 0 : 1;
    const int bin = (int)at;
    return p->below[bin] + (at - bin) * (p->below[bin + 1] - p->below[bin]);
}

double predict_meets(const struct predict *p, const struct predict_forecast *f, double wait_us,
                     double left_us)
{
    const double middle_us = f->net_us + wait_us + f->work_us;
    return f->chance * errors_below(p, (left_us - middle_us) / spread_us(f, wait_us));
}

double predict_quantile_us(const struct predict *p, const struct predict_forecast *f,
                           double wait_us, double share)
{
    int bin = 0;
    while (bin < BINS && p->below[bin] < share)
        bin++;
    const double z = BIN_LOW + bin * BIN_WIDTH;
    return f->net_us + wait_us + f->work_us + z * spread_us(f, wait_us);
}

void predict_interval(const struct predict *p, const struct predict_forecast *f, double wait_us,
                      double *low_us, double *high_us)
{
    const struct known *k = &p->known[f->helper];
    const double middle_us = f->net_us + wait_us + f->work_us;
    *low_us = fmax(0, middle_us + k->low * spread_us(f, wait_us));
    *high_us = middle_us + k->high * spread_us(f, wait_us);
}

// ---- What is learned

static void learn_mean(struct skill_mean *m, double x, double rate_min)
{
    const double rate = fmax(rate_min, 1 / (m->count + 1));
    const double off = x - m->mean;
    const double surprise = fmin(off * off, fmax(9 * m->variance, 0.5)); // an outlier is no trend
    m->mean += rate * (m->count > 8 ? copysign(sqrt(surprise), off) : off);
    m->variance += rate * ((m->count > 0 ? surprise : VARIANCE_NEW) - m->variance);
    m->count++;
}

static void learn_work(struct predict *p, struct known *k, const struct predict_answer *a)
{
    const double x = log(fmax(a->work_us, 1) / fmax(a->size, 1e-6));
    struct skill_mean *all = &p->of_type[a->type];
    const double against = all->count > 0 ? x - all->mean : 0;
    learn_mean(&k->work[a->type], x, RATE_WORK);
    k->ratio_count++;
    k->ratio += fmax(RATE_WORK, 1 / k->ratio_count) * (against - k->ratio);
    if (all->count > 0)
        learn_mean(&p->of_class[k->class], against, RATE_TYPE);
    learn_mean(all, x, RATE_TYPE);
}

static void learn_day(const struct predict *p, struct known *k, double net_us)
{
    struct day *d = &k->day;
    d->off_with += RATE_FIT * (fabs(net_us - by_hour_us(p, k)) - d->off_with);
    d->off_without += RATE_FIT * (fabs(net_us - k->net_us) - d->off_without);
    d->all_us += fmax(RATE_DAY, 1 / (k->net_count + 1)) * (net_us - d->all_us);
    d->hour[p->hour] += RATE_HOUR * (log(fmax(1, net_us) / fmax(1, d->all_us)) - d->hour[p->hour]);
}

static void learn_net(const struct predict *p, struct known *k, const struct predict_answer *a)
{
    const double net_us = a->total_us - a->work_us - (a->was_free ? 0 : a->wait_us);
    const double weight = a->was_free ? 1 : 0.25; // the wait was only guessed
    if (!a->was_free && net_us < k->net_us / 2)
        return;
    const double rate = weight * fmax(RATE_NET, 1 / (k->net_count + 1));
    const double off = net_us - k->net_us;
    if (a->was_free)
        learn_day(p, k, net_us);
    k->net_us += rate * off;
    k->net_var += rate * (fmin(off * off, NET_STEP_MAX) - k->net_var);
    k->net_count++;
}

static void learn_error(struct predict *p, struct known *k, const struct predict_answer *a)
{
    const struct predict_forecast *f = a->forecast;
    const double middle_us = f->net_us + a->wait_us + f->work_us;
    const double z = (a->total_us - middle_us) / spread_us(f, a->wait_us);
    const double at = (z - BIN_LOW) / BIN_WIDTH;
    const double tail = (1 - PREDICT_COVERAGE) / 2;
    k->low += RATE_BOUND * (z < k->low ? -(1 - tail) : tail);
    k->high += RATE_BOUND * (z > k->high ? 1 - tail : -tail);
    for (int i = 0; i < BINS; i++)
        p->error[i] *= RATE_ERRORS;
    p->error[at <= 0 ? 0 : at >= BINS ? BINS - 1 : (int)at]++;
    errors_add_up(p);
}

static void learn_end(struct known *k, enum predict_end end)
{
    k->right *= CHANCE_DECAY;
    k->error *= CHANCE_DECAY;
    k->silent *= CHANCE_DECAY;
    k->right += end == PREDICT_RIGHT;
    k->error += end == PREDICT_ERROR;
    k->silent += end == PREDICT_SILENT;
}

void predict_tell(struct predict *p, uint32_t helper, const struct predict_answer *a)
{
    assert(a->type < p->types);
    struct known *k = &p->known[helper];
    learn_end(k, a->end);
    if (a->end != PREDICT_RIGHT)
        return;
    learn_work(p, k, a);
    if (a->was_cold)
        return;
    learn_error(p, k, a);
    learn_net(p, k, a);
}

void predict_unsilence(struct predict *p, uint32_t helper)
{
    struct known *k = &p->known[helper];
    k->silent = fmax(k->silent - 1, 0);
}
