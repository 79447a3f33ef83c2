// SPDX-License-Identifier: MIT
// Kernel `encode`: a group of pictures as video that decodes alone; its check; and the way back.
//
// make   given: the pictures, in order, each input one or several of them; or, of light, a layer
//        (kernel/layer.h; of several in an input the first one).
//        Result: a stream (kernel/encode/stream.h) in which every picture reaches `psnr`, found
//        with at most `tries` encodings (more only while none reaches it).
// check  given: the same pictures, then the stream. Decodes it and measures the `wanted` ones.
//        Result: for each of them, ascending, u16 little-endian: its PSNR in centi-dB; 0: it
//        cannot be decoded.
// show   given: the stream. Result: the `wanted` pictures, ascending, in their form.
//
// PSNR: over the samples of all three planes of a picture as the codec has it (codec/planes.h),
// weighed by their number, as ffmpeg's filter `psnr` gives its average: what coding loses.
#ifndef KERNEL_ENCODE_ENCODE_H
#define KERNEL_ENCODE_ENCODE_H

#include "kernel/encode/params.h"
#include "kernel/encode/stream.h"
#include "kernel/kernel.h"

// What a worker does; as struct kernel has it.
enum rc encode_run(void *state, const struct kernel_in *in, struct buffer *result,
                   struct buffer *report);
extern const struct kernel encode_kernel;

#endif
