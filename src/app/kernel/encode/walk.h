// SPDX-License-Identifier: MIT
// Kernel `encode`, inside: the pictures given, and those of a stream.
#ifndef KERNEL_ENCODE_WALK_H
#define KERNEL_ENCODE_WALK_H

#include "base/arena.h"
#include "kernel/encode/stream.h"

struct encode_given {
    const uint8_t *picture[ENCODE_PICTURES_MAX];
};

// RC_MALFORMED: not `count` pictures in all, each whole in one of the inputs.
enum rc encode_given_take(struct encode_given *out, const struct encode_params *p,
                          const struct bytes *input, uint32_t inputs);

struct encode_seer {
    void *self;
    void (*saw)(void *self, uint32_t pts, const struct planes *planes);
};

// Decodes until every wanted picture was seen once, or RC_MALFORMED; RC_NOMEM, RC_UNSUPPORTED.
enum rc encode_walk(const struct encode_stream *s, uint64_t wanted, const struct encode_seer *seer);

struct encode_meter { // measures pictures against what they were made of
    const struct encode_params *p;
    const struct encode_given *given;
    struct planes own;                  // room for one
    uint32_t psnr[ENCODE_PICTURES_MAX]; // by pts; 0 where none was seen
};

// p and given are borrowed for life. RC_NOMEM.
MUST_USE enum rc encode_meter_open(struct encode_meter *m, const struct encode_params *p,
                                   const struct encode_given *given, struct budget *budget);
void encode_meter_close(struct encode_meter *m, struct budget *budget);
enum rc encode_meter_run(struct encode_meter *m, const struct encode_stream *s, uint64_t wanted);

#endif
