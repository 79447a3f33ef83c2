// SPDX-License-Identifier: MIT
// From energies to what each ear hears of a click.
#include "kernel/audio/response.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "kernel/audio/energy.h"
#include "kernel/world/random.h"

// Two poles part the noise: what each lets through of the difference, 1 - e^(-2 pi f / rate).
#define LOW_POLE    0.063353           // 500 Hz
#define HIGH_POLE   0.279094           // 2500 Hz
#define EAR_M       0.0875             // from the middle of the head
#define EAR_SHADE   0.3                // louder towards the source, softer away from it
#define NOISE_WIDTH 3.4641016151377544 // sqrt(12): of even noise with variance 1

// Amplitude per frame in a bin, by band: the groups' mean, spread over the bin.
static void shape_of(const struct audio_params *p, struct bytes groups, uint32_t bin,
                     double out[AUDIO_BANDS])
{
    for (size_t band = 0; band < AUDIO_BANDS; band++) {
        double sum = 0;
        for (uint32_t g = 0; g < p->groups; g++) {
            const size_t at = g * audio_group_bytes(p) + 1 + ((size_t)bin * AUDIO_BANDS + band) * 2;
            struct cursor c = {.left = bytes_part(groups, at, 2)};
            sum += (double)audio_energy_of(cursor_u16le(&c));
        }
        out[band] = sqrt(sum / p->groups / (double)(1ull << AUDIO_UNIT_BITS) / p->bin_frames);
    }
}

struct noise { // of one ear: what both poles hold
    double low, high;
};

static double noise_next(struct noise *n, uint32_t bits, const double shape[AUDIO_BANDS])
{
    const double noise = (bits * 0x1p-32 - 0.5) * NOISE_WIDTH;
    n->low += LOW_POLE * (noise - n->low);
    n->high += HIGH_POLE * (noise - n->high);
    return shape[0] * n->low + shape[1] * (n->high - n->low) + shape[2] * (noise - n->high);
}

// Both ears side by side: neither waits for the other's poles.
static void fill_noise(const struct audio_params *p, struct bytes groups, double *left,
                       double *right)
{
    struct noise ear[AUDIO_EARS] = {0};
    for (uint32_t bin = 0; bin < p->bins; bin++) {
        double shape[AUDIO_BANDS];
        shape_of(p, groups, bin, shape);
        for (uint32_t i = bin * p->bin_frames; i < (bin + 1) * p->bin_frames; i++) {
            const uint64_t bits = random_bits(0, i); // the same noise for every task
            left[i] = noise_next(&ear[0], (uint32_t)(bits >> 32), shape);
            right[i] = noise_next(&ear[1], (uint32_t)(bits & UINT32_MAX), shape);
        }
    }
}

// How much of the direct sound there is: the share of groups that found the way free.
static double free_share(const struct audio_params *p, struct bytes groups)
{
    uint32_t count = 0;
    for (uint32_t g = 0; g < p->groups; g++)
        count += groups.at[g * audio_group_bytes(p)] == 1;
    return sqrt((double)count / p->groups);
}

static void add_direct(const struct audio_params *p, double share, uint32_t ear, double *out)
{
    const double side = ear == 0 ? -1 : 1;
    double far2 = 0;
    double towards = 0;
    for (size_t i = 0; i < 3; i++) {
        const double right = (double)p->right[i];
        const double d = (double)p->source[i] - (double)p->listener[i] - side * EAR_M * right;
        far2 += d * d;
        towards += d * right * side;
    }
    const double far = fmax(sqrt(far2), (double)AUDIO_NEAR_M);
    const double frame = sqrt(far2) * AUDIO_RATE_HZ / (double)AUDIO_SOUND_M_S + 0.5;
    if (frame < audio_response_frames(p))
        out[(uint32_t)frame] += share * (1 + EAR_SHADE * towards / far) / far;
}

void audio_response(const struct audio_params *p, struct bytes groups, double *out)
{
    assert(groups.len >= p->groups * audio_group_bytes(p));
    const uint32_t length = audio_response_frames(p);
    const double share = free_share(p, groups);
    fill_noise(p, groups, out, out + length);
    for (uint32_t ear = 0; ear < AUDIO_EARS; ear++)
        add_direct(p, share, ear, out + (size_t)ear * length);
}
