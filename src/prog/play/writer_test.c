// SPDX-License-Identifier: MIT
// Tests of pictures to files: their names, what is there in the end, and what is not if it broke.
#include "prog/play/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "image/png.h"
#include "image/y4m.h"
#include "os/file.h"
#include "os/scratch_test.h"

#define WIDTH  48u
#define HEIGHT 32u
#define PLENTY ((size_t)64 << 20)

static char folder[SCRATCH_BYTES];
static struct budget budget = {.limit_bytes = PLENTY};
static uint8_t rgb[(size_t)WIDTH * HEIGHT * 3];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)i;
    return scratch_make(folder);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove(folder);
}

static const char *path_of(const char *name)
{
    static char path[FILE_PATH_BYTES];
    struct text t = text_of(path, sizeof path);
    text_addf(&t, "%s/%s", folder, name);
    return path;
}

static struct play_writer_cfg config(const char *name, uint32_t count)
{
    static char path[FILE_PATH_BYTES];
    bytes_to_text(bytes_text(path_of(name)), path, sizeof path);
    return (struct play_writer_cfg){&budget, path, WIDTH, HEIGHT, 24, count};
}

static struct play_writer *begin(const char *name, uint32_t count)
{
    struct play_writer *w;
    struct err err;
    const struct play_writer_cfg cfg = config(name, count);
    assert_int_equal(play_writer_open(&w, &cfg, &err), RC_OK);
    return w;
}

static void add(struct play_writer *w, uint32_t number)
{
    struct err err;
    assert_int_equal(play_writer_add(w, number, rgb, &err), RC_OK);
}

static void end(struct play_writer *w)
{
    struct err err;
    assert_int_equal(play_writer_end(w, &err), RC_OK);
    play_writer_free(w);
    assert_int_equal(budget.used_bytes, 0);
}

static struct bytes content(const char *name)
{
    struct bytes file;
    struct err err;
    assert_int_equal(file_read(&file, &budget, path_of(name), PLENTY, &err), RC_OK);
    return file;
}

static void a_png_for_each_picture(void **state)
{
    (void)state;
    struct buffer again;
    uint32_t width = 0;
    uint32_t height = 0;
    struct play_writer *w = begin("p.png", 3);
    add(w, 7);
    add(w, 9);
    assert_true(file_exists(path_of("p-0007.png"))); // as soon as it is drawn
    end(w);
    assert_true(file_exists(path_of("p-0009.png")) && !file_exists(path_of("p.png")));
    const struct bytes file = content("p-0007.png");
    assert_int_equal(png_decode(file, &budget, &again, &width, &height), RC_OK);
    assert_true(width == WIDTH && height == HEIGHT);
    assert_memory_equal(again.at, rgb, sizeof rgb);
    budget_give(&budget, again.at);
    file_forget(file, &budget);
}

static void a_video_gets_its_name_in_the_end(void **state)
{
    (void)state;
    static const char *const name[] = {"v.y4m", "v.mp4"};
    static const char *const part[] = {"v.y4m.part", "v.mp4.part"};
    for (size_t i = 0; i < ARRAY_COUNT(name); i++) {
        struct play_writer *w = begin(name[i], 2);
        add(w, 0);
        add(w, 1);
        assert_true(file_exists(path_of(part[i])) && !file_exists(path_of(name[i])));
        end(w);
        assert_true(file_exists(path_of(name[i])) && !file_exists(path_of(part[i])));
    }
    const struct bytes y4m = content("v.y4m");
    uint8_t at[Y4M_HEAD_BYTES_MAX];
    struct buffer head = buffer_of(at, sizeof at);
    assert_int_equal(y4m_head(WIDTH, HEIGHT, 24, &head), RC_OK);
    assert_int_equal(y4m.len, head.len + 2 * y4m_frame_bytes(WIDTH, HEIGHT));
    assert_memory_equal(y4m.at, head.at, head.len);
    file_forget(y4m, &budget);
    const struct bytes mp4 = content("v.mp4");
    assert_true(mp4.len > 100 && memcmp(mp4.at + 4, "ftyp", 4) == 0);
    file_forget(mp4, &budget);
}

static void what_was_not_ended_is_gone(void **state)
{
    (void)state;
    struct play_writer *w = begin("gone.mp4", 2);
    add(w, 0);
    play_writer_free(w);
    assert_false(file_exists(path_of("gone.mp4")) || file_exists(path_of("gone.mp4.part")));
    end(begin("none.y4m", 2)); // a video of nothing is none
    assert_false(file_exists(path_of("none.y4m")) || file_exists(path_of("none.y4m.part")));
    play_writer_free(NULL);
}

// A name that has become a folder meanwhile: the video cannot have it, and leaves nothing behind.
static void a_name_that_is_taken(void **state)
{
    (void)state;
    struct err err;
    struct play_writer *w = begin("taken.y4m", 1);
    add(w, 0);
    assert_int_equal(file_make_folder(path_of("taken.y4m/in"), &err), RC_OK);
    assert_int_equal(play_writer_end(w, &err), RC_IO);
    assert_non_null(strstr(err.text, "taken.y4m.part"));
    play_writer_free(w);
    assert_false(file_exists(path_of("taken.y4m.part")));
}

static void said_before_anything_is_done(void **state)
{
    (void)state;
    struct err err;
    struct play_writer_cfg cfg = config("x.mp4", 1);
    assert_int_equal(play_writer_check(&cfg, &err), RC_OK);
    cfg.width = WIDTH + 1;
    assert_int_equal(play_writer_check(&cfg, &err), RC_CONFIG);
    assert_non_null(strstr(err.text, "even"));
    cfg = config("x.y4m", 1);
    cfg.fps = 0.5;
    assert_int_equal(play_writer_check(&cfg, &err), RC_CONFIG);
    cfg = config("x.png", 1); // which asks for neither
    cfg.width = WIDTH + 1;
    cfg.fps = 0.5;
    assert_int_equal(play_writer_check(&cfg, &err), RC_OK);
    cfg = config("", 1);
    assert_int_equal(play_writer_check(&cfg, &err), RC_CONFIG);
    assert_non_null(strstr(err.text, "this is a folder"));
    cfg = config("no/such/x.png", 1);
    assert_int_equal(play_writer_check(&cfg, &err), RC_IO);
    struct play_writer *w;
    assert_int_equal(play_writer_open(&w, &cfg, &err), RC_IO);
    assert_null(w);
    char long_path[FILE_PATH_BYTES];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = 0;
    cfg.path = long_path;
    assert_int_equal(play_writer_check(&cfg, &err), RC_CONFIG);
}

static void without_memory(void **state)
{
    (void)state;
    static const char *const name[] = {"m.png", "m.y4m"};
    struct err err;
    for (size_t i = 0; i < ARRAY_COUNT(name); i++) {
        struct play_writer *w = NULL;
        const struct play_writer_cfg cfg = config(name[i], 2);
        budget.limit_bytes = 0;
        assert_int_equal(play_writer_open(&w, &cfg, &err), RC_NOMEM);
        assert_null(w);
        budget.limit_bytes = PLENTY;
    }
    struct play_writer *w = begin("m.png", 2);
    budget.limit_bytes = budget.used_bytes + 1000;
    assert_int_equal(play_writer_add(w, 0, rgb, &err), RC_NOMEM);
    budget.limit_bytes = PLENTY;
    add(w, 1); // it can be gone on with
    end(w);
    assert_false(file_exists(path_of("m-0000.png")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_png_for_each_picture),
        cmocka_unit_test(a_video_gets_its_name_in_the_end),
        cmocka_unit_test(what_was_not_ended_is_gone),
        cmocka_unit_test(a_name_that_is_taken),
        cmocka_unit_test(said_before_anything_is_done),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
