// SPDX-License-Identifier: MIT
// The table of subcommands.
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "prog/cmd.h"

static const struct cmd *const table[] = {
    &cmd_hub,   &cmd_helper, &cmd_play, &cmd_node, &cmd_dht,
    &cmd_store, &cmd_doctor, &cmd_sim,  &cmd_demo, &cmd_bench,
};

#define PAGE_BYTES 65536

static int print_usage(FILE *to)
{
    fputs("shoal " SHOAL_VERSION ": gamers lend each other what their machines have to spare\n\n"
          "usage: shoal COMMAND [OPTION ...]\n\n",
          to);
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        fprintf(to, "  %-8s %s\n", table[i]->options->name, table[i]->options->summary);
    fputs("\n`shoal COMMAND --help` tells the options of each; `shoal man COMMAND` and\n"
          "`shoal completion` print pages for man and bash.\n",
          to);
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const struct cmd *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        if (strcmp(table[i]->options->name, name) == 0)
            return table[i];
    return NULL;
}

static int unknown(const char *name)
{
    const char *names[ARRAY_COUNT(table)];
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        names[i] = table[i]->options->name;
    const char *near = option_nearest(name, names, ARRAY_COUNT(table));
    fprintf(stderr, "shoal: unknown command %s%s%s%s\nTry `shoal --help`.\n", name,
            near != NULL ? ": did you mean " : "", near != NULL ? near : "",
            near != NULL ? "?" : "");
    return EXIT_USAGE;
}

// For packagers: `shoal man COMMAND`, `shoal completion`; from the same table as the help.
static int print_page(int argc, char **argv)
{
    static char room[PAGE_BYTES];
    struct text page = text_of(room, sizeof room);
    const struct cmd *c = argc > 2 ? find(argv[2]) : NULL;
    if (strcmp(argv[1], "completion") == 0) {
        const struct option_command *command[ARRAY_COUNT(table)];
        for (size_t i = 0; i < ARRAY_COUNT(table); i++)
            command[i] = table[i]->options;
        option_bash(&page, "shoal", command, ARRAY_COUNT(table));
    } else if (c != NULL) {
        option_man(&page, "shoal", c->options);
    } else {
        return argc > 2 ? unknown(argv[2]) : print_usage(stderr);
    }
    fputs(room, stdout);
    return EXIT_DONE;
}

// `shoal help COMMAND`
static int print_help(const char *name)
{
    static char wants_help[] = "--help";
    char *words[] = {wants_help};
    const struct cmd *c = find(name);
    return c != NULL ? cmd_main(c, 1, words) : unknown(name);
}

// What was said must have arrived: a full disk is no success. That nobody reads any more is none
// of our business.
static int after_words(int exit_code)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return exit_code;
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0)
        return exit_code;
    fputs("shoal: cannot write to standard output\n", stderr);
    return exit_code == EXIT_DONE ? EXIT_FAILED : exit_code;
}

// glibc keeps what was given back for later, and the more so the larger it was: after a burst of
// tiles or records a hub would stay as large as it ever was.
#define LARGE_BYTES (256 * 1024)

static int shoal_main(int argc, char **argv)
{
    if (argc < 2)
        return print_usage(stderr);
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 && argc > 2)
        return print_help(argv[2]);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return print_usage(stdout);
    if (strcmp(name, "--version") == 0) {
        puts("shoal " SHOAL_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(name, "man") == 0 || strcmp(name, "completion") == 0)
        return print_page(argc, argv);
    const struct cmd *c = find(name);
    return c != NULL ? cmd_main(c, argc - 2, argv + 2) : unknown(name);
}

int main(int argc, char **argv)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); // these go back to the system at once
    (void)mallopt(M_TRIM_THRESHOLD, 4 * LARGE_BYTES);
    signal(SIGPIPE, SIG_IGN); // a closed pipe or socket is an answer of write, not an end
    setvbuf(stdout, NULL, _IOLBF, 0);
    return after_words(shoal_main(argc, argv));
}
