// SPDX-License-Identifier: MIT
// Runs a fuzz target without libFuzzer: its kept corpus, then seeded mutations of it.
//
// usage: TARGET CORPUS_DIR [SEED [ROUNDS]]. Built in place of libFuzzer's main, so that every
// `meson test`, with gcc or under sanitizers, exercises every parser with the same inputs.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUTS_MAX      512
#define INPUT_BYTES_MAX 65536
#define ROUNDS          4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

static uint64_t dice(uint64_t bound) // xorshift64*: any generator does
{
    state ^= state >> 12;
    state ^= (state & UINT64_MAX >> 25) << 25; // the bits that stay
    state ^= state >> 27;
    uint64_t mixed;
    (void)__builtin_mul_overflow(state, 2685821657736338717u, &mixed); // is meant to wrap
    return mixed % bound;
}

static size_t read_file(const char *path, uint8_t *out)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    size_t len = fread(out, 1, INPUT_BYTES_MAX, f);
    (void)fclose(f); // only read from
    return len;
}

static size_t mutate(uint8_t *at, size_t len)
{
    for (uint64_t n = 1 + dice(4); n > 0; n--) {
        uint64_t kind = dice(5);
        if (kind == 0 && len < INPUT_BYTES_MAX) {
            size_t where = (size_t)dice(len + 1);
            memmove(at + where + 1, at + where, len - where);
            at[where] = (uint8_t)dice(256);
            len++;
        } else if (kind == 1 && len > 0) {
            len = (size_t)dice(len + 1); // cut
        } else if (kind == 2 && len > 0) {
            at[dice(len)] ^= (uint8_t)(1u << dice(8));
        } else if (kind == 3 && len > 0) {
            at[dice(len)] = (uint8_t)(dice(2) ? 0xff : dice(256));
        } else if (len > 1) {
            size_t from = (size_t)dice(len);
            size_t to = (size_t)dice(len);
            size_t room = len - (from > to ? from : to);
            memmove(at + to, at + from, (size_t)dice(room + 1));
        }
    }
    return len;
}

static size_t load(const char *dir, uint8_t **input, size_t *len)
{
    size_t count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && count < INPUTS_MAX && (e = readdir(d)) != NULL;) {
        char path[4096];
        if (e->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name) >= (int)sizeof path)
            continue;
        input[count] = malloc(INPUT_BYTES_MAX);
        if (input[count] == NULL)
            abort();
        len[count] = read_file(path, input[count]);
        count++;
    }
    if (d != NULL)
        closedir(d);
    return count;
}

int main(int argc, char **argv)
{
    static uint8_t *input[INPUTS_MAX];
    static size_t len[INPUTS_MAX];
    size_t count = argc > 1 ? load(argv[1], input, len) : 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    uint64_t rounds = argc > 3 ? strtoull(argv[3], NULL, 0) : ROUNDS;
    if (count == 0) {
        fprintf(stderr, "usage: %s CORPUS_DIR [SEED [ROUNDS]]: no inputs found\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; i < count; i++)
        LLVMFuzzerTestOneInput(input[i], len[i]);
    for (uint64_t i = 0; i < rounds; i++) {
        // An exact heap copy, so that sanitizers see a read one byte past the end.
        uint8_t work[INPUT_BYTES_MAX + 8];
        size_t pick = (size_t)dice(count);
        memcpy(work, input[pick], len[pick]);
        size_t n = mutate(work, len[pick]);
        uint8_t *exact = malloc(n > 0 ? n : 1);
        if (exact == NULL)
            abort();
        memcpy(exact, work, n);
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
    }
    for (size_t i = 0; i < count; i++)
        free(input[i]);
    printf("%zu inputs, %llu mutations\n", count, (unsigned long long)rounds);
    return 0;
}
