// SPDX-License-Identifier: MIT
// Tests of SVG: every shape as it is written, words escaped, and what happens without room.
#include "image/svg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void each_shape(void **state)
{
    (void)state;
    char room[4096];
    struct text t = text_of(room, sizeof room);
    const struct svg_point path[] = {{0, 0}, {1.25, 2}, {-3, 4}};
    svg_begin(&t, 80, 60, "a < b");
    svg_group(&t, "fill=\"red\"");
    svg_dot(&t, (struct svg_point){1, 2.04}, 3);
    svg_group_end(&t);
    svg_group(&t, NULL);
    svg_line(&t, path[1], path[2], "stroke=\"#000\"");
    svg_box(&t, path[1], path[1], NULL);
    svg_path(&t, path, 3, "stroke=\"#111\"");
    svg_words(&t, path[1], "font-size=\"9\"", "%d %% & <%s>\n", 12, "b");
    svg_group_end(&t);
    svg_end(&t);
    assert_false(t.is_cut);
    assert_string_equal(
        room, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"80\" height=\"60\" "
              "viewBox=\"0 0 80 60\" font-family=\"Helvetica, Arial, sans-serif\">\n"
              "<title>a &lt; b</title>\n"
              "<rect x=\"0.0\" y=\"0.0\" width=\"80.0\" height=\"60.0\" fill=\"#fff\"/>\n"
              "<g fill=\"red\">\n"
              "<circle cx=\"1.0\" cy=\"2.0\" r=\"3.0\"/>\n"
              "</g>\n"
              "<g>\n"
              "<line x1=\"1.2\" y1=\"2.0\" x2=\"-3.0\" y2=\"4.0\" stroke=\"#000\"/>\n"
              "<rect x=\"1.2\" y=\"2.0\" width=\"1.2\" height=\"2.0\"/>\n"
              "<polyline fill=\"none\" points=\"0.0,0.0 1.2,2.0 -3.0,4.0\" stroke=\"#111\"/>\n"
              "<text x=\"1.2\" y=\"2.0\" font-size=\"9\">12 % &amp; &lt;b&gt;?</text>\n"
              "</g>\n"
              "</svg>\n");
}

static void letters_beyond_ascii_stay(void **state)
{
    (void)state;
    char room[256];
    struct text t = text_of(room, sizeof room);
    svg_words(&t, (struct svg_point){0, 0}, NULL, "%s", "\xc2\xb5s");
    assert_string_equal(room, "<text x=\"0.0\" y=\"0.0\">\xc2\xb5s</text>\n");
}

static void without_room_it_is_cut(void **state)
{
    (void)state;
    char room[128];
    struct text t = text_of(room, sizeof room);
    svg_begin(&t, 1, 1, "no room for this");
    assert_true(t.is_cut);
    assert_true(strlen(room) < sizeof room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape),
        cmocka_unit_test(letters_beyond_ascii_stay),
        cmocka_unit_test(without_room_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
