// SPDX-License-Identifier: MIT
// A recording through a response.
#include "kernel/audio/convolve.h"

#include <assert.h>
#include <fftw3.h>
#include <math.h>
#include <string.h>

#define LINE_BYTES 64u // FFTW chooses its instructions by how memory lies

struct transform {
    uint32_t size;
    double *wave;        // size
    fftw_complex *notes; // size / 2 + 1, of wave
    fftw_complex *sound; // of the recording
    fftw_plan there, back;
};

static void *take_lines(struct arena *arena, size_t bytes)
{
    uint8_t *const at = arena_take(arena, bytes + LINE_BYTES);
    return at == NULL ? NULL : at + (LINE_BYTES - (uintptr_t)at % LINE_BYTES) % LINE_BYTES;
}

static bool transform_init(struct transform *t, uint32_t size, struct arena *arena)
{
    const size_t notes = size / 2 + 1;
    *t = (struct transform){.size = size,
                            .wave = take_lines(arena, size * sizeof *t->wave),
                            .notes = take_lines(arena, notes * sizeof *t->notes),
                            .sound = take_lines(arena, notes * sizeof *t->sound)};
    if (t->wave == NULL || t->notes == NULL || t->sound == NULL)
        return false;
    t->there = fftw_plan_dft_r2c_1d((int)size, t->wave, t->notes, FFTW_ESTIMATE);
    t->back = fftw_plan_dft_c2r_1d((int)size, t->notes, t->wave, FFTW_ESTIMATE);
    return t->there != NULL && t->back != NULL;
}

static void transform_free(struct transform *t)
{
    fftw_destroy_plan(t->there); // NULL is fine
    fftw_destroy_plan(t->back);
}

static double sample_at(struct bytes sound, size_t index)
{
    const uint8_t *const at = sound.at + index * 2;
    return (int16_t)(uint16_t)(at[0] | at[1] << 8);
}

static void load_sound(struct transform *t, struct bytes sound)
{
    assert(sound.len / 2 <= t->size);
    memset(t->wave, 0, t->size * sizeof *t->wave);
    for (size_t i = 0; i < sound.len / 2; i++)
        t->wave[i] = sample_at(sound, i);
    fftw_execute(t->there);
    memcpy(t->sound, t->notes, (t->size / 2 + 1) * sizeof *t->notes);
}

static void filter(struct transform *t, const double *response, uint32_t length)
{
    assert(length <= t->size);
    memset(t->wave, 0, t->size * sizeof *t->wave);
    memcpy(t->wave, response, length * sizeof *response);
    fftw_execute(t->there);
    for (size_t i = 0; i <= t->size / 2; i++) {
        const double re = t->notes[i][0] * t->sound[i][0] - t->notes[i][1] * t->sound[i][1];
        const double im = t->notes[i][0] * t->sound[i][1] + t->notes[i][1] * t->sound[i][0];
        t->notes[i][0] = re / t->size;
        t->notes[i][1] = im / t->size;
    }
    fftw_execute(t->back);
}

// What wraps around lands before the frames that are asked for.
static uint32_t size_for(const struct audio_recording *r)
{
    const size_t sound = r->sound.len / 2;
    uint32_t size = 64;
    while (size < sound || size < r->frames + r->length)
        size *= 2;
    return size;
}

enum rc audio_convolve(const struct audio_recording *r, struct arena *arena, double *out)
{
    assert(r->sound.len / 2 >= r->frames);
    assert(r->length >= 1);
    struct transform t;
    const size_t past = r->sound.len / 2 - r->frames;
    const bool is_ready = transform_init(&t, size_for(r), arena);
    if (is_ready)
        load_sound(&t, r->sound);
    for (uint32_t ear = 0; is_ready && ear < AUDIO_EARS; ear++) {
        filter(&t, r->response + (size_t)ear * r->length, r->length);
        for (uint32_t i = 0; i < r->frames; i++)
            out[(size_t)i * AUDIO_EARS + ear] = t.wave[past + i];
    }
    transform_free(&t);
    return is_ready ? RC_OK : RC_NOMEM;
}

// Four sums that do not wait for one another.
double audio_convolve_at(const struct audio_recording *r, uint32_t frame, uint32_t ear)
{
    assert(frame < r->frames);
    assert(ear < AUDIO_EARS);
    const double *const response = r->response + (size_t)ear * r->length;
    const size_t at = r->sound.len / 2 - r->frames + frame;
    const size_t taps = at + 1 < r->length ? at + 1 : r->length;
    double sum[4] = {0};
    size_t k = 0;
    for (; k + 4 <= taps; k += 4) {
        for (size_t i = 0; i < 4; i++)
            sum[i] += response[k + i] * sample_at(r->sound, at - k - i);
    }
    for (; k < taps; k++)
        sum[0] += response[k] * sample_at(r->sound, at - k);
    return sum[0] + sum[1] + sum[2] + sum[3];
}

int16_t audio_round(double v)
{
    const double n = floor(v + 0.5);
    return n < -32768 ? -32768 : n > 32767 ? 32767 : (int16_t)n;
}
