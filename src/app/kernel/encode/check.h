// SPDX-License-Identifier: MIT
// Kernel `encode`, inside: how big it is, and its check.
#ifndef KERNEL_ENCODE_CHECK_H
#define KERNEL_ENCODE_CHECK_H

#include "kernel/encode/encode.h"

// Was it made to these params?
bool encode_stream_is_of(const struct encode_stream *s, const struct encode_params *p);
enum rc encode_check(const struct encode_params *p, const struct kernel_in *in,
                     struct buffer *result);

// As struct kernel has them.
enum rc encode_result_bounds(struct bytes params, size_t *min, size_t *max);
double encode_size(struct bytes params);
enum rc encode_part(struct bytes params, uint64_t nonce, struct buffer *part_params);
enum rc encode_judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out);

#endif
