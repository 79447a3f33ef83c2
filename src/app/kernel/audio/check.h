// SPDX-License-Identifier: MIT
// How a result of kernel `audio` is checked: whole groups of rays, and single frames of sound.
//
// A group's result may differ a little from one machine to the next, or for once a lot: Embree
// rounds differently on different SIMD levels, and a ray that takes another way changes all that
// comes after (doc/decisions/0004-verification-tolerance.md). Frames are made directly from the
// energies that the result itself says, and may be off by 1.
#ifndef KERNEL_AUDIO_CHECK_H
#define KERNEL_AUDIO_CHECK_H

#include "kernel/audio/audio.h"

// The kernel table's entries for the hub; contracts in kernel.h.
enum rc audio_result_bounds(struct bytes params, size_t *min, size_t *max);
double audio_size(struct bytes params);
enum rc audio_part_draw(struct bytes params, uint64_t nonce, struct buffer *part_params);
enum rc audio_judge(struct bytes params, struct bytes result, struct bytes part_params,
                    struct bytes part_result, struct kernel_verdict *out);

#endif
