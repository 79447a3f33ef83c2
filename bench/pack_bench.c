// SPDX-License-Identifier: MIT
// How fast is kernel `pack` beside libzstd alone, over the same blocks?
//
//     pack_bench [FILE [BLOCK_KIB]]     (the neon street's object, 256)
//
// Each level: libzstd's own loop, the same with a SHA-256 of each block as the kernel's result has
// it, the kernel, and reading all blocks back; taken in turns, the fastest of each counts.
#include <stdio.h>
#include <stdlib.h>

#include <zstd.h>

#include "base/arena.h"
#include "kernel/pack/pack.h"
#include "measure.h"
#include "scene/scenes.h"

#define TURNS 7

struct bench {
    struct bytes input;
    struct pack_params p;
    struct buffer params, out;
    uint8_t *block;
};

static void pack_alone(struct bench *b, bool is_hashed)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    measure_need(c != NULL ? RC_OK : RC_NOMEM, "memory");
    (void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, (int)b->p.level);
    size_t len = 0;
    for (size_t from = 0; from < b->input.len; from += b->p.block_bytes) {
        const struct bytes in = bytes_part(b->input, from, b->p.block_bytes);
        const size_t n = ZSTD_compress2(c, b->out.at + len, b->out.cap - len, in.at, in.len);
        measure_need(ZSTD_isError(n) ? RC_FULL : RC_OK, "libzstd");
        len += n;
        if (is_hashed) {
            const struct digest d = hash_bytes(in);
            buffer_put(&b->params, digest_bytes(&d)); // full: dropped, but not optimised away
        }
    }
    (void)ZSTD_freeCCtx(c);
}

static void pack_kernel_run(struct bench *b)
{
    const struct kernel_in in = {buffer_bytes(&b->params), &b->input, 1};
    b->out.len = 0;
    measure_need(pack_kernel.run(NULL, &in, &b->out, NULL), "kernel");
}

static void unpack(struct bench *b)
{
    struct pack v;
    struct pack_reader *r;
    measure_need(pack_open(&v, buffer_bytes(&b->out)), "result");
    measure_need(pack_reader_new(&r, bytes_of(NULL, 0)), "reader");
    for (uint32_t i = 0; i < v.block_count; i++)
        measure_need(pack_read(r, &v, i, b->block), "block");
    pack_reader_free(r);
}

static void level(struct bench *b, uint32_t l)
{
    b->p.level = l;
    b->params.len = 0;
    measure_need(pack_params_encode(&b->p, &b->params), "params");
    double us[4] = {1e300, 1e300, 1e300, 1e300};
    for (int i = 0; i < TURNS; i++) {
        struct bench scratch = *b;
        double from = measure_cpu_us();
        pack_alone(&scratch, false);
        us[0] = measure_least_us(us[0], from);
        from = measure_cpu_us();
        pack_alone(&scratch, true);
        us[1] = measure_least_us(us[1], from);
        from = measure_cpu_us();
        pack_kernel_run(b);
        us[2] = measure_least_us(us[2], from);
        from = measure_cpu_us();
        unpack(b);
        us[3] = measure_least_us(us[3], from);
    }
    const double mb = (double)b->input.len;
    printf("%5u %8.3f %9.1f %9.1f %9.1f %9.1f %8.3f %8.3f\n", l, (double)b->out.len / mb,
           mb / us[0], mb / us[1], mb / us[2], mb / us[3], us[0] / us[2], us[1] / us[2]);
}

static struct bytes scene(void)
{
    static struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct buffer object = {0};
    struct err err;
    measure_need(scenes_make(bytes_text("neon-street"), &budget, &object, &err), "scene");
    return buffer_bytes(&object);
}

static struct bytes file(const char *name)
{
    FILE *f = fopen(name, "rb");
    measure_need(f != NULL ? RC_OK : RC_ABSENT, name);
    uint8_t *at = measure_take(PACK_INPUT_BYTES_MAX);
    const size_t len = fread(at, 1, PACK_INPUT_BYTES_MAX, f); // of a longer one its beginning
    measure_need(fclose(f) == 0 && len > 0 ? RC_OK : RC_MALFORMED, name);
    return bytes_of(at, len);
}

int main(int argc, char **argv)
{
    const unsigned long kib = argc > 2 ? strtoul(argv[2], NULL, 10) : 256;
    if (argc > 3 || kib < 4 || kib > 4096) {
        fprintf(stderr, "usage: pack_bench [FILE [BLOCK_KIB]]\n");
        return 2;
    }
    struct bench b = {.input = argc > 1 ? file(argv[1]) : scene()};
    b.p = (struct pack_params){.block_bytes = (uint32_t)kib << 10,
                               .input_bytes = (uint32_t)b.input.len,
                               .input = hash_bytes(b.input)};
    b.params = buffer_of(measure_take(1024), 1024);
    b.out = buffer_of(measure_take(b.input.len * 2 + (1 << 20)), b.input.len * 2 + (1 << 20));
    b.block = measure_take(PACK_BLOCK_BYTES_MAX);
    printf("%zu bytes in blocks of %lu KiB; MB/s\n", b.input.len, kib);
    printf("level    ratio   libzstd with hash    kernel    unpack  /alone  /hashed\n");
    const uint32_t levels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19};
    for (size_t i = 0; i < ARRAY_COUNT(levels); i++)
        level(&b, levels[i]);
    return 0;
}
