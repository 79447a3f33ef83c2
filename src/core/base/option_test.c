// SPDX-License-Identifier: MIT
// The option table: what each kind takes, what an error says, and golden help, manual, completion.
#include "base/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

struct play {
    const char *scene, *hub, *listen, *config;
    uint64_t spp, memory;
    double gamma;
    struct option_pixels size;
    enum option_switch tls;
    bool json, is_calm;
};

#define AT(field) .offset = offsetof(struct play, field)

static const struct option_spec play_spec[] = {
    {"scene", OPTION_TEXT, OPTION_POSITIONAL | OPTION_REQUIRED, NULL, "SCENE", "what to draw",
     AT(scene)},
    {"hub", OPTION_HOST, OPTION_REQUIRED, NULL, NULL, "where the hub is", AT(hub)},
    {"listen", OPTION_ADDR, 0, "127.0.0.1:7000", NULL, "where to answer", AT(listen)},
    {"config", OPTION_TEXT, OPTION_NOT_IN_FILE, NULL, "FILE", "settings to read first", AT(config)},
    {"spp", OPTION_U64, 0, "64", NULL, "samples a pixel", AT(spp), .min = 1, .max = 65536},
    {"memory", OPTION_SIZE, 0, "2G", NULL,
     "what a worker may use at most, with everything that its scene and its libraries need",
     AT(memory), .min = 1048576, .max = UINT64_MAX},
    {"gamma", OPTION_F64, 0, "2.2", NULL, "brightness", AT(gamma), .real_min = 0.5, .real_max = 4},
    {"size", OPTION_PIXELS, 0, "1280x720", NULL, "of the picture", AT(size), .min = 16,
     .max = 8192},
    {"tls", OPTION_SWITCH, 0, NULL, NULL, "encrypt; auto: unless the hub is this machine", AT(tls)},
    {"json", OPTION_FLAG, 0, NULL, NULL, "print for scripts", AT(json)},
    {"calm", OPTION_FLAG, OPTION_NEGATABLE, "yes", NULL, "spare the battery", AT(is_calm)},
};

static const char *const play_example[] = {"shoal play --hub hub.example street",
                                           "shoal play --spp=16 cornell", NULL};

static const struct option_command play = {
    .name = "play",
    .summary = "draw a scene with the power of others",
    .description = "Asks a hub for helpers, and has them draw each frame of the scene together; "
                   "what they send is verified.\n\nThe picture is saved.",
    .spec = play_spec,
    .count = ARRAY_COUNT(play_spec),
    .example = play_example,
};

static void the_table_has_defaults(void **state)
{
    (void)state;
    struct play o;
    memset(&o, 0xff, sizeof o);
    option_defaults(&play, &o);
    assert_null(o.scene);
    assert_null(o.hub);
    assert_string_equal(o.listen, "127.0.0.1:7000");
    assert_true(o.spp == 64 && o.memory == 2147483648 && o.gamma > 2.19 && o.gamma < 2.21);
    assert_true(o.size.width == 1280 && o.size.height == 720);
    assert_true(o.tls == OPTION_AUTO && !o.json && o.is_calm);
}

// Reads a command line of up to 8 words, ended by NULL.
static enum rc args(struct play *o, bool *wants_help, struct err *err, const char *const *word)
{
    static char copy[8][80];
    char *argv[8] = {NULL};
    int argc = 0;
    for (; word[argc] != NULL; argc++) {
        assert_true(argc < 8 && strlen(word[argc]) < sizeof copy[0]);
        bytes_to_text(bytes_text(word[argc]), copy[argc], sizeof copy[argc]);
        argv[argc] = copy[argc];
    }
    *wants_help = true;
    err->text[0] = 0;
    option_defaults(&play, o);
    return option_args(&play, o, argc, argv, wants_help, err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_command_line_is_read(void **state)
{
    (void)state;
    struct play o;
    struct err err;
    bool wants_help;
    assert_int_equal(
        args(&o, &wants_help, &err,
             WORDS("--spp", "7", "street", "--tls", "--no-calm", "--memory=3M", "--hub=[::1]:80")),
        RC_OK);
    assert_false(wants_help);
    assert_string_equal(o.scene, "street");
    assert_string_equal(o.hub, "[::1]:80");
    assert_true(o.spp == 7 && o.tls == OPTION_ON && !o.is_calm && o.memory == 3145728);
    assert_int_equal(args(&o, &wants_help, &err,
                          WORDS("--no-tls", "--json", "--size", "16x8192", "--gamma", "5e-1")),
                     RC_OK);
    assert_true(o.tls == OPTION_OFF && o.json && o.size.width == 16 && o.size.height == 8192);
    assert_true(o.gamma <= 0.5 && o.gamma >= 0.5);
    assert_int_equal(args(&o, &wants_help, &err, WORDS("--spp=1", "--spp=2", "--", "--json")),
                     RC_OK);
    assert_true(o.spp == 2 && !o.json); // the last one counts; behind "--" all is positional
    assert_string_equal(o.scene, "--json");
    assert_int_equal(args(&o, &wants_help, &err, WORDS("--help", "--nonsense")), RC_OK);
    assert_true(wants_help);
    assert_int_equal(args(&o, &wants_help, &err, WORDS("street", "-h")), RC_OK);
    assert_true(wants_help);
    assert_int_equal(args(&o, &wants_help, &err, WORDS("-")), RC_OK);
    assert_string_equal(o.scene, "-");
}

static void wrong_words_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *word[3];
        const char *text;
    } row[] = {
        {{"--spp", "0"}, "--spp 0: must be 1..65536"},
        {{"--spp=65537"}, "--spp 65537: must be 1..65536"},
        {{"--spp", "-1"}, "--spp -1: must be 1..65536"},
        {{"--spp", "1x"}, "--spp 1x: must be 1..65536"},
        {{"--spp="}, "--spp '': must be 1..65536"},
        {{"--spp"}, "--spp: needs a value (N)"},
        {{"--spp", "--json"}, "--spp: needs a value (N)"},
        {{"--scnee", "x"}, "unknown option --scnee"}, // scene is positional
        {{"--lisetn"}, "unknown option --lisetn: did you mean --listen?"},
        {{"--sp", "1"}, "unknown option --sp: did you mean --spp?"},
        {{"--nonsense"}, "unknown option --nonsense"},
        {{"--no-json"}, "unknown option --no-json"},
        {{"--no-spp"}, "unknown option --no-spp"},
        {{"--\x1b[2Jx"}, "unknown option --?[2Jx"},
        {{"-x"}, "unknown option -x"},
        {{"--json=yes"}, "--json: takes no value"},
        {{"--memory", "1"}, "--memory 1: must be a size like 512M or 4G, at least 1M"},
        {{"--memory", "17X"}, "--memory 17X: must be a size like 512M or 4G, at least 1M"},
        {{"--gamma", "nan"}, "--gamma nan: must be 0.5..4"},
        {{"--gamma", "0x1"}, "--gamma 0x1: must be 0.5..4"},
        {{"--gamma", "4.1"}, "--gamma 4.1: must be 0.5..4"},
        {{"--gamma", "1e999"}, "--gamma 1e999: must be 0.5..4"},
        {{"--size", "15x720"}, "--size 15x720: must be WIDTHxHEIGHT, like 1280x720, 16..8192 each"},
        {{"--size", "720"}, "--size 720: must be WIDTHxHEIGHT, like 1280x720, 16..8192 each"},
        {{"--listen", "::1"}, "--listen ::1: must be ADDR:PORT"},
        {{"--listen", "host"}, "--listen host: must be ADDR:PORT"},
        {{"--listen", "host:65536"}, "--listen host:65536: must be ADDR:PORT"},
        {{"--hub", "a b"}, "--hub a b: must be HOST or HOST:PORT ([::1]:8765 in IPv6)"},
        {{"--config="}, "--config '': must be some text"},
        {{"one", "two"}, "two: not expected here"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        struct play o;
        struct err err;
        bool wants_help;
        assert_int_equal(args(&o, &wants_help, &err, row[i].word), RC_CONFIG);
        assert_string_equal(err.text, row[i].text);
        assert_false(wants_help);
    }
}

static enum rc config(struct play *o, const char *file, struct err *err)
{
    struct arena *arena = arena_new(4096);
    option_defaults(&play, o);
    err->text[0] = 0;
    enum rc rc = option_config(&play, o, bytes_text(file), arena, err);
    o->scene = o->hub = o->listen = o->config = NULL; // they die with the arena
    arena_free(arena);
    return rc;
}

static void a_config_file_is_read(void **state)
{
    (void)state;
    struct play o;
    struct err err;
    assert_int_equal(config(&o,
                            "# comment\n\n  spp = 7\r\nsize=32x32\n\tjson = yes\ncalm = no\n"
                            "tls = no\nmemory = 4G",
                            &err),
                     RC_OK);
    assert_true(o.spp == 7 && o.size.width == 32 && o.json && !o.is_calm && o.tls == OPTION_OFF);
    assert_true(o.memory == (uint64_t)4 << 30);
    assert_int_equal(config(&o, "tls = yes\ntls = auto\n", &err), RC_OK);
    assert_int_equal(o.tls, OPTION_AUTO);
    assert_int_equal(config(&o, "", &err), RC_OK);
    // Texts outlive the file's bytes; the command line has the last word.
    struct arena *arena = arena_new(4096);
    char file[] = "hub = one.example\nspp = 3\n";
    char name[] = "--spp";
    char value[] = "4";
    char *argv[] = {name, value};
    bool wants_help;
    option_defaults(&play, &o);
    assert_int_equal(option_config(&play, &o, bytes_text(file), arena, &err), RC_OK);
    memset(file, 'x', sizeof file);
    assert_int_equal(option_args(&play, &o, 2, argv, &wants_help, &err), RC_OK);
    assert_string_equal(o.hub, "one.example");
    assert_int_equal(o.spp, 4);
    arena_free(arena);
}

static void wrong_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
    } row[] = {
        {"\n#\nspp = 0\n", "line 3: spp 0: must be 1..65536"},
        {"sppp = 1", "line 1: unknown option sppp: did you mean spp?"},
        {"scene = street", "line 1: unknown option scene"},
        {"spp", "line 1: must read name = value"},
        {"config = other", "line 1: config: only on the command line"},
        {"json = maybe", "line 1: json maybe: must be yes or no"},
        {"tls = maybe", "line 1: tls maybe: must be yes, no or auto"},
        {"json = auto", "line 1: json auto: must be yes or no"},
        {"hub =", "line 1: hub '': must be HOST or HOST:PORT ([::1]:8765 in IPv6)"},
        {"= 1", "line 1: unknown option "},
    };
    struct play o;
    struct err err;
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        assert_int_equal(config(&o, row[i].file, &err), RC_CONFIG);
        assert_string_equal(err.text, row[i].text);
    }
    static char large[OPTION_CONFIG_BYTES_MAX + 2];
    memset(large, '\n', sizeof large - 1);
    assert_int_equal(config(&o, large, &err), RC_CONFIG);
    large[sizeof large - 2] = 0;
    assert_int_equal(config(&o, large, &err), RC_OK);
}

static void a_spent_budget_is_said(void **state)
{
    (void)state;
    struct play o;
    struct err err;
    struct arena *arena = arena_new(8);
    option_defaults(&play, &o);
    assert_int_equal(
        option_config(&play, &o, bytes_text("hub = a-name-too-long.example"), arena, &err),
        RC_NOMEM);
    assert_null(o.hub);
    arena_free(arena);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    struct play o;
    struct err err;
    option_defaults(&play, &o);
    assert_int_equal(option_complete(&play, &o, &err), RC_CONFIG);
    assert_string_equal(err.text, "SCENE is missing");
    o.scene = "street";
    assert_int_equal(option_complete(&play, &o, &err), RC_CONFIG);
    assert_string_equal(err.text, "--hub is missing");
    o.hub = "localhost";
    assert_int_equal(option_complete(&play, &o, &err), RC_OK);
}

static void addresses_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int32_t port_default;
        uint16_t port;
    } row[] = {
        {"127.0.0.1:80", "127.0.0.1", -1, 80},
        {"[::1]:443", "::1", -1, 443},
        {"[fe80::1]", "fe80::1", 7, 7},
        {"hub.example", "hub.example", 9000, 9000},
        {"h:0", "h", -1, 0},
        {"h:65535", "h", 1, 65535},
    };
    char host[32];
    uint16_t port;
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        assert_true(option_split_addr(row[i].text, row[i].port_default, host, sizeof host, &port));
        assert_string_equal(host, row[i].host);
        assert_int_equal(port, row[i].port);
    }
    static const char *const bad[] = {
        "",     ":80",   "h",          "h:",      "h:x",   "h:65536",
        "::1",  "[::1",  "[::1]",      "[::1]80", "[]:1",  "a b:1",
        "h:-1", "h:1:2", "http://h:1", "[::1]:",  "u@h:1", "a-name-of-more-than-31-characters:1"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (option_split_addr(bad[i], -1, host, sizeof host, &port))
            fail_msg("%s was taken", bad[i]);
}

static void near_names_are_found(void **state)
{
    (void)state;
    static const char *const name[] = {"hub", "helper", "play"};
    assert_string_equal(option_nearest("helpr", name, 3), "helper");
    assert_string_equal(option_nearest("hbu", name, 3), "hub");
    assert_string_equal(option_nearest("paly", name, 3), "play");
    assert_null(option_nearest("stop", name, 3));
    assert_null(option_nearest("", name, 3));
    assert_null(option_nearest("a-word-that-is-far-longer-than-any-name", name, 3));
    assert_null(option_nearest("hub", name, 0));
}

// clang-format off: a line of text is a line here
static const char golden_help[] =
    "usage: shoal play [OPTION]... SCENE\n"
    "\n"
    "shoal play: draw a scene with the power of others\n"
    "\n"
    "Asks a hub for helpers, and has them draw each frame of the scene together; what\n"
    "they send is verified.\n"
    "\n"
    "The picture is saved.\n"
    "\n"
    "  SCENE                   what to draw\n"
    "  --hub HOST[:PORT]       where the hub is (required)\n"
    "  --listen ADDR:PORT      where to answer (default 127.0.0.1:7000)\n"
    "  --config FILE           settings to read first\n"
    "  --spp N                 samples a pixel (1..65536, default 64)\n"
    "  --memory SIZE           what a worker may use at most, with everything that\n"
    "                          its scene and its libraries need (at least 1M, default\n"
    "                          2G)\n"
    "  --gamma X               brightness (0.5..4, default 2.2)\n"
    "  --size WxH              of the picture (16..8192, default 1280x720)\n"
    "  --[no-]tls              encrypt; auto: unless the hub is this machine (default\n"
    "                          auto)\n"
    "  --json                  print for scripts\n"
    "  --[no-]calm             spare the battery (default yes)\n"
    "  -h, --help              show this\n"
    "\n"
    "examples:\n"
    "  shoal play --hub hub.example street\n"
    "  shoal play --spp=16 cornell\n";

static const char golden_man[] =
    ".TH \"shoal\\-play\" 1 \"\" \"shoal\"\n"
    ".SH NAME\n"
    "shoal\\-play \\- draw a scene with the power of others\n"
    ".SH SYNOPSIS\n"
    "\\fBshoal play\\fR [\\fIOPTION\\fR]... SCENE\n"
    ".SH DESCRIPTION\n"
    "Asks a hub for helpers, and has them draw each frame of the scene together; what they "
    "send is verified.\n"
    ".PP\n"
    "The picture is saved.\n"
    ".SH OPTIONS\n"
    ".TP\n"
    "\\fISCENE\\fR\n"
    "what to draw\n"
    ".TP\n"
    "\\fB\\-\\-hub\\fR \\fIHOST[:PORT]\\fR\n"
    "where the hub is (required)\n"
    ".TP\n"
    "\\fB\\-\\-listen\\fR \\fIADDR:PORT\\fR\n"
    "where to answer (default 127.0.0.1:7000)\n"
    ".TP\n"
    "\\fB\\-\\-config\\fR \\fIFILE\\fR\n"
    "settings to read first\n"
    ".TP\n"
    "\\fB\\-\\-spp\\fR \\fIN\\fR\n"
    "samples a pixel (1..65536, default 64)\n"
    ".TP\n"
    "\\fB\\-\\-memory\\fR \\fISIZE\\fR\n"
    "what a worker may use at most, with everything that its scene and its libraries need "
    "(at least 1M, default 2G)\n"
    ".TP\n"
    "\\fB\\-\\-gamma\\fR \\fIX\\fR\n"
    "brightness (0.5..4, default 2.2)\n"
    ".TP\n"
    "\\fB\\-\\-size\\fR \\fIWxH\\fR\n"
    "of the picture (16..8192, default 1280x720)\n"
    ".TP\n"
    "\\fB\\-\\-[no\\-]tls\\fR\n"
    "encrypt; auto: unless the hub is this machine (default auto)\n"
    ".TP\n"
    "\\fB\\-\\-json\\fR\n"
    "print for scripts\n"
    ".TP\n"
    "\\fB\\-\\-[no\\-]calm\\fR\n"
    "spare the battery (default yes)\n"
    ".TP\n"
    "\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n"
    "show the options\n"
    ".SH CONFIGURATION FILE\n"
    "The file of \\fB\\-\\-config\\fR holds lines \\fINAME\\fR = \\fIVALUE\\fR, with the "
    "options' names, empty lines, and comments that start with #.\n"
    "An option without a value is yes or no there, and auto where that is its default.\n"
    "The command line has the last word.\n"
    ".SH EXIT STATUS\n"
    "0: done. 1: failed. 2: used wrongly.\n"
    ".SH EXAMPLES\n"
    ".EX\n"
    "shoal play \\-\\-hub hub.example street\n"
    "shoal play \\-\\-spp=16 cornell\n"
    ".EE\n";

static const char golden_bash[] =
    "# bash completion for shoal\n"
    "_shoal()\n"
    "{\n"
    "    local words=''\n"
    "    [ \"$COMP_CWORD\" -gt 1 ] && case \"${COMP_WORDS[1]}\" in\n"
    "    play) words='--help --hub --listen --config --spp --memory --gamma --size --tls "
    "--no-tls --json --calm --no-calm' ;;\n"
    "    esac\n"
    "    [ \"$COMP_CWORD\" -eq 1 ] && words='play'\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
    "}\n"
    "complete -o default -F _shoal shoal\n";
// clang-format on

static void what_people_read_is_golden(void **state)
{
    (void)state;
    static char at[8192];
    const struct option_command *const all[] = {&play};
    struct text t = text_of(at, sizeof at);
    option_help(&t, "shoal", &play);
    assert_string_equal(at, golden_help);
    t = text_of(at, sizeof at);
    option_man(&t, "shoal", &play);
    assert_string_equal(at, golden_man);
    t = text_of(at, sizeof at);
    option_bash(&t, "shoal", all, ARRAY_COUNT(all));
    assert_string_equal(at, golden_bash);
    t = text_of(at, 40); // what does not fit is cut
    option_help(&t, "shoal", &play);
    assert_true(t.is_cut && t.len < 40);
}

static void help_fits_a_terminal(void **state)
{
    (void)state;
    static char at[8192];
    struct text t = text_of(at, sizeof at);
    option_help(&t, "shoal", &play);
    for (const char *line = at; *line != 0; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 80);
}

struct sim {
    const char *what;
    struct option_texts files;
    bool json;
};

static void the_last_ones_by_place_are_many(void **state)
{
    (void)state;
    static const struct option_spec spec[] = {
        {"what", OPTION_TEXT, OPTION_POSITIONAL | OPTION_REQUIRED, NULL, "WHAT", "of it",
         .offset = offsetof(struct sim, what)},
        {"files", OPTION_TEXTS, OPTION_POSITIONAL, NULL, "FILE", "to read",
         .offset = offsetof(struct sim, files)},
        {"json", OPTION_FLAG, 0, NULL, NULL, "for scripts", .offset = offsetof(struct sim, json)},
    };
    const struct option_command sim = {.name = "sim", .summary = "try", .spec = spec, .count = 3};
    char word[3][8] = {"sched", "a", "--json"};
    char *argv[2 + OPTION_TEXTS_MAX + 1] = {word[0], word[1], word[2]};
    for (size_t i = 3; i < ARRAY_COUNT(argv); i++)
        argv[i] = word[1];
    struct sim o;
    struct err err;
    char at[2048];
    bool wants_help = false;
    option_defaults(&sim, &o);
    assert_int_equal(option_args(&sim, &o, 4, argv, &wants_help, &err), RC_OK);
    assert_string_equal(o.what, "sched");
    assert_true(o.json && o.files.count == 2);
    assert_ptr_equal(o.files.at[1], argv[3]);
    option_defaults(&sim, &o); // forgets them
    assert_int_equal(option_args(&sim, &o, 1, argv, &wants_help, &err), RC_OK);
    assert_int_equal(o.files.count, 0);
    assert_int_equal(option_args(&sim, &o, (int)ARRAY_COUNT(argv), argv, &wants_help, &err),
                     RC_CONFIG);
    assert_string_equal(err.text, "files a: must be some text, 64 times at most");
    struct text t = text_of(at, sizeof at);
    option_help(&t, "shoal", &sim);
    assert_non_null(strstr(at, "usage: shoal sim [OPTION]... WHAT [FILE]...\n"));
}

struct node {
    struct option_texts friends;
    bool json;
};

static void an_option_may_come_again_and_again(void **state)
{
    (void)state;
    static const struct option_spec spec[] = {
        {"friend", OPTION_TEXTS, 0, NULL, "HOST", "to begin with",
         .offset = offsetof(struct node, friends)},
        {"json", OPTION_FLAG, 0, NULL, NULL, "for scripts", .offset = offsetof(struct node, json)},
    };
    const struct option_command node = {.name = "node", .summary = "be", .spec = spec, .count = 2};
    char word[4][12] = {"--friend", "a", "--friend=b", "--json"};
    char *argv[] = {word[0], word[1], word[3], word[2]};
    struct node o;
    struct err err;
    bool wants_help = false;
    struct arena *arena = arena_new(4096);
    option_defaults(&node, &o);
    assert_int_equal(option_args(&node, &o, 4, argv, &wants_help, &err), RC_OK);
    assert_true(o.json && o.friends.count == 2);
    assert_string_equal(o.friends.at[0], "a");
    assert_string_equal(o.friends.at[1], "b");
    assert_int_equal(option_config(&node, &o, bytes_text("friend = c\nfriend = d\n"), arena, &err),
                     RC_OK);
    assert_int_equal(o.friends.count, 4);
    assert_string_equal(o.friends.at[3], "d");
    arena_free(arena);
    char at[2048];
    struct text t = text_of(at, sizeof at);
    option_help(&t, "shoal", &node);
    assert_non_null(strstr(at, "usage: shoal node [OPTION]...\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_defaults),
        cmocka_unit_test(a_command_line_is_read),
        cmocka_unit_test(wrong_words_are_named),
        cmocka_unit_test(a_config_file_is_read),
        cmocka_unit_test(wrong_lines_are_named),
        cmocka_unit_test(a_spent_budget_is_said),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(addresses_are_split),
        cmocka_unit_test(near_names_are_found),
        cmocka_unit_test(what_people_read_is_golden),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(the_last_ones_by_place_are_many),
        cmocka_unit_test(an_option_may_come_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
