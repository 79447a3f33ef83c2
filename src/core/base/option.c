// SPDX-License-Identifier: MIT
// The option table: defaults, command line and config file into a command's struct.
#include "base/option.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/option_range.h"

#define SHOWN_BYTES 64 // of a wrong word in a message

static bool is_text(const struct option_spec *s)
{
    return s->kind == OPTION_TEXT || s->kind == OPTION_ADDR || s->kind == OPTION_HOST;
}

static bool is_bare(const struct option_spec *s) // on the command line, without a value
{
    return s->kind == OPTION_FLAG || s->kind == OPTION_SWITCH;
}

static void store(const struct option_spec *s, void *options, const void *value, size_t len)
{
    memcpy((uint8_t *)options + s->offset, value, len);
}

static bool set_bare(const struct option_spec *s, void *options, bool is_on)
{
    const enum option_switch state = is_on ? OPTION_ON : OPTION_OFF;
    if (s->kind == OPTION_FLAG)
        store(s, options, &is_on, sizeof is_on);
    else
        store(s, options, &state, sizeof state);
    return true;
}

static bool set_word(const struct option_spec *s, void *options, const char *word)
{
    if (strcmp(word, "yes") == 0 || strcmp(word, "no") == 0)
        return set_bare(s, options, word[0] == 'y');
    if (s->kind == OPTION_FLAG || strcmp(word, "auto") != 0)
        return false;
    const enum option_switch state = OPTION_AUTO;
    store(s, options, &state, sizeof state);
    return true;
}

static bool set_u64(const struct option_spec *s, void *options, const char *word)
{
    uint64_t v = 0;
    const bool is_good = s->kind == OPTION_SIZE
                             ? text_to_size(word, &v) && v >= s->min && v <= option_max(s)
                             : text_to_u64(word, s->min, option_max(s), &v);
    if (is_good)
        store(s, options, &v, sizeof v);
    return is_good;
}

static bool set_f64(const struct option_spec *s, void *options, const char *word)
{
    // strtod alone would also take blanks, hex, "inf" and "nan".
    if (word[0] == '\0' || word[strspn(word, "0123456789.eE+-")] != '\0')
        return false;
    char *end;
    const double v = strtod(word, &end);
    if (*end != '\0' || !isfinite(v))
        return false;
    if (option_has_real_bounds(s) && (v < s->real_min || v > s->real_max))
        return false;
    store(s, options, &v, sizeof v);
    return true;
}

static bool set_pixels(const struct option_spec *s, void *options, const char *word)
{
    const char *x = strchr(word, 'x');
    char width_text[16];
    uint64_t width;
    uint64_t height;
    const uint64_t min = s->min > 0 ? s->min : 1;
    const uint64_t max = option_max(s) < UINT32_MAX ? option_max(s) : UINT32_MAX;
    if (x == NULL || (size_t)(x - word) >= sizeof width_text)
        return false;
    bytes_to_text(bytes_of(word, (size_t)(x - word)), width_text, sizeof width_text);
    if (!text_to_u64(width_text, min, max, &width) || !text_to_u64(x + 1, min, max, &height))
        return false;
    const struct option_pixels v = {.width = (uint32_t)width, .height = (uint32_t)height};
    store(s, options, &v, sizeof v);
    return true;
}

static bool set_text(const struct option_spec *s, void *options, const char *word)
{
    char host[256]; // a name is at most 253 characters: RFC 1035 section 2.3.4
    uint16_t port;
    const int32_t port_default = s->kind == OPTION_HOST ? 0 : -1;
    if (word[0] == '\0' || (s->kind != OPTION_TEXT &&
                            !option_split_addr(word, port_default, host, sizeof host, &port)))
        return false;
    store(s, options, &word, sizeof word);
    return true;
}

static bool add_text(const struct option_spec *s, void *options, const char *word)
{
    struct option_texts texts;
    uint8_t *field = (uint8_t *)options + s->offset;
    memcpy(&texts, field, sizeof texts);
    if (word[0] == '\0' || texts.count == OPTION_TEXTS_MAX)
        return false;
    assert(texts.count < OPTION_TEXTS_MAX);
    texts.at[texts.count++] = word;
    memcpy(field, &texts, sizeof texts);
    return true;
}

// Sets the field from a text; false, and the field untouched, if the spec does not allow it.
static bool set(const struct option_spec *s, void *options, const char *word)
{
    switch (s->kind) {
    case OPTION_FLAG:
    case OPTION_SWITCH:
        return set_word(s, options, word);
    case OPTION_U64:
    case OPTION_SIZE:
        return set_u64(s, options, word);
    case OPTION_F64:
        return set_f64(s, options, word);
    case OPTION_PIXELS:
        return set_pixels(s, options, word);
    case OPTION_TEXT:
    case OPTION_ADDR:
    case OPTION_HOST:
        return set_text(s, options, word);
    case OPTION_TEXTS:
        return add_text(s, options, word);
    }
    assert(false); // no such kind
    return false;
}

static size_t field_bytes(const struct option_spec *s)
{
    if (s->kind == OPTION_FLAG)
        return sizeof(bool);
    if (s->kind == OPTION_SWITCH)
        return sizeof(enum option_switch);
    if (s->kind == OPTION_TEXTS)
        return sizeof(struct option_texts);
    static_assert(sizeof(const char *) == sizeof(uint64_t) && sizeof(double) == sizeof(uint64_t) &&
                      sizeof(struct option_pixels) == sizeof(uint64_t),
                  "all other fields are as wide");
    return sizeof(uint64_t);
}

// What a table must be like, whatever anybody types.
static void check_spec(const struct option_spec *s)
{
    assert(s->name[0] != '\0');
    assert(strlen(s->name) <= OPTION_NAME_MAX);
    assert(strspn(s->name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s->name));
    assert(s->sentence != NULL);
    assert(s->min <= s->max);
    assert(s->real_min <= s->real_max);
    assert((s->traits & OPTION_REQUIRED) == 0 || is_text(s));
    assert((s->traits & OPTION_NEGATABLE) == 0 || s->kind == OPTION_FLAG);
    assert((s->traits & OPTION_POSITIONAL) == 0 || !is_bare(s));
}

void option_defaults(const struct option_command *c, void *options)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct option_spec *s = &c->spec[i];
        check_spec(s);
        memset((uint8_t *)options + s->offset, 0, field_bytes(s));
        if (s->initial != NULL) {
            const bool is_good = set(s, options, s->initial);
            assert(is_good);
            (void)is_good;
        }
    }
}

// The number of single-character changes that make one word the other (Levenshtein 1965); more
// than OPTION_NAME_MAX for words that are too long to be names.
static size_t distance(const char *a, const char *b)
{
    const size_t a_len = strlen(a);
    const size_t b_len = strlen(b);
    if (a_len > OPTION_NAME_MAX || b_len > OPTION_NAME_MAX)
        return OPTION_NAME_MAX + 1;
    size_t row[OPTION_NAME_MAX + 1]; // distances of a's start so far to each start of b
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            const size_t changed = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            diagonal = row[j];
            row[j] = replaced < changed ? replaced : changed;
        }
    }
    assert(row[b_len] <= (a_len > b_len ? a_len : b_len));
    return row[b_len];
}

// The nearer of two names to a word; `best` may be NULL, for nothing near yet.
static const char *nearer(const char *word, const char *best, const char *name)
{
    const size_t d = distance(word, name);
    const bool is_near = d <= 2 && d < strlen(name); // two slips; not another word altogether
    return is_near && (best == NULL || d < distance(word, best)) ? name : best;
}

const char *option_nearest(const char *word, const char *const *name, size_t count)
{
    const char *best = NULL;
    for (size_t i = 0; i < count; i++)
        best = nearer(word, best, name[i]);
    return best;
}

static const struct option_spec *find(const struct option_command *c, struct bytes name)
{
    for (size_t i = 0; i < c->count; i++)
        if (option_is_named(&c->spec[i]) && bytes_is(name, c->spec[i].name))
            return &c->spec[i];
    return NULL;
}

// line: "line 3: ", or nothing; dashes: what stood before the name on the command line, or nothing.
static enum rc refuse_unknown(const struct option_command *c, const char *line, const char *dashes,
                              struct bytes name, struct err *err)
{
    char shown[SHOWN_BYTES];
    struct text t = text_of(shown, sizeof shown);
    text_add_safe(&t, name);
    const char *near = NULL;
    for (size_t i = 0; i < c->count; i++)
        if (option_is_named(&c->spec[i]))
            near = nearer(shown, near, c->spec[i].name);
    if (near == NULL)
        return err_set(err, RC_CONFIG, "%sunknown option %s%s", line, dashes, shown);
    return err_set(err, RC_CONFIG, "%sunknown option %s%s: did you mean %s%s?", line, dashes, shown,
                   dashes[0] != '\0' ? "--" : "", near);
}

static enum rc set_or_refuse(const struct option_spec *s, void *options, const char *place,
                             const char *word, struct err *err)
{
    if (set(s, options, word))
        return RC_OK;
    char shown[SHOWN_BYTES];
    struct text t = text_of(shown, sizeof shown);
    text_add_safe(&t, bytes_text(word));
    char allowed[OPTION_RANGE_BYTES];
    struct text range = text_of(allowed, sizeof allowed);
    option_add_range(&range, s);
    return err_set(err, RC_CONFIG, "%s%s %s: must be %s", place, s->name,
                   shown[0] != '\0' ? shown : "''", allowed);
}

struct walk { // along the command line
    const struct option_command *command;
    void *options;
    char *const *argv;
    int argc;
    int at;            // the next word
    size_t positional; // the next spec that may take a word by place
    struct err *err;
};

static enum rc take_positional(struct walk *w, const char *word)
{
    const struct option_command *c = w->command;
    while (w->positional < c->count && option_is_named(&c->spec[w->positional]))
        w->positional++;
    if (w->positional < c->count) {
        const struct option_spec *s = &c->spec[w->positional];
        w->positional += s->kind != OPTION_TEXTS;
        return set_or_refuse(s, w->options, "", word, w->err);
    }
    char shown[SHOWN_BYTES];
    struct text t = text_of(shown, sizeof shown);
    text_add_safe(&t, bytes_text(word));
    return err_set(w->err, RC_CONFIG, "%s: not expected here", shown);
}

// word: what followed the name's "=", or NULL.
static enum rc take_value(struct walk *w, const struct option_spec *s, const char *word)
{
    if (word == NULL && w->at < w->argc && strncmp(w->argv[w->at], "--", 2) != 0)
        word = w->argv[w->at++];
    if (word == NULL)
        return err_set(w->err, RC_CONFIG, "--%s: needs a value (%s)", s->name,
                       option_value_name(s));
    return set_or_refuse(s, w->options, "--", word, w->err);
}

// word starts with "--" and more.
static enum rc take_named(struct walk *w, const char *word)
{
    const char *equals = strchr(word, '=');
    const size_t len = equals == NULL ? strlen(word) : (size_t)(equals - word);
    const struct bytes name = bytes_of(word + 2, len - 2);
    const struct option_spec *s = find(w->command, name);
    bool is_on = true;
    if (s == NULL && strncmp(word, "--no-", 5) == 0) {
        s = find(w->command, bytes_part(name, 3, name.len));
        s = s != NULL && option_has_no(s) ? s : NULL;
        is_on = false;
    }
    if (s == NULL)
        return refuse_unknown(w->command, "", "--", name, w->err);
    if (!is_bare(s))
        return take_value(w, s, equals == NULL ? NULL : equals + 1);
    if (equals != NULL)
        return err_set(w->err, RC_CONFIG, "--%s: takes no value", s->name);
    set_bare(s, w->options, is_on);
    return RC_OK;
}

enum rc option_args(const struct option_command *c, void *options, int argc, char *const argv[],
                    bool *wants_help, struct err *err)
{
    assert(argc >= 0);
    struct walk w = {.command = c, .options = options, .argv = argv, .argc = argc, .err = err};
    bool is_rest = false; // "--" was seen
    *wants_help = false;
    while (w.at < argc) {
        const char *word = argv[w.at++];
        enum rc rc = RC_OK;
        if (is_rest || word[0] != '-' || word[1] == '\0') {
            rc = take_positional(&w, word);
        } else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
            *wants_help = true;
            return RC_OK;
        } else if (strcmp(word, "--") == 0) {
            is_rest = true;
        } else if (word[1] == '-') {
            rc = take_named(&w, word);
        } else {
            rc = refuse_unknown(c, "", "-", bytes_text(word + 1), err);
        }
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trim(struct bytes b)
{
    while (b.len > 0 && is_blank(b.at[0]))
        b = bytes_part(b, 1, b.len);
    while (b.len > 0 && is_blank(b.at[b.len - 1]))
        b.len--;
    return b;
}

static bool has_control(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if ((b.at[i] < 0x20 && b.at[i] != '\t') || b.at[i] == 0x7f)
            return true;
    return false;
}

// line: not empty and no comment; place: "line 3: ".
static enum rc take_line(const struct option_command *c, void *options, struct bytes line,
                         const char *place, struct arena *arena, struct err *err)
{
    struct bytes rest = line;
    const struct bytes name = trim(bytes_take_until(&rest, '='));
    const struct bytes value = trim(rest);
    if (has_control(line))
        return err_set(err, RC_CONFIG, "%sholds a control character", place);
    if (name.len + 1 > line.len || memchr(line.at, '=', line.len) == NULL)
        return err_set(err, RC_CONFIG, "%smust read name = value", place);
    const struct option_spec *s = find(c, name);
    if (s == NULL)
        return refuse_unknown(c, place, "", name, err);
    if ((s->traits & OPTION_NOT_IN_FILE) != 0)
        return err_set(err, RC_CONFIG, "%s%s: only on the command line", place, s->name);
    char *word = arena_take(arena, value.len + 1);
    if (word == NULL)
        return err_set(err, RC_NOMEM, "%s%s", place, rc_text(RC_NOMEM));
    bytes_to_text(value, word, value.len + 1);
    return set_or_refuse(s, options, place, word, err);
}

enum rc option_config(const struct option_command *c, void *options, struct bytes file,
                      struct arena *arena, struct err *err)
{
    if (file.len > OPTION_CONFIG_BYTES_MAX)
        return err_set(err, RC_CONFIG, "longer than %d bytes", OPTION_CONFIG_BYTES_MAX);
    struct bytes rest = file;
    for (size_t number = 1; rest.len > 0; number++) {
        const struct bytes line = trim(bytes_take_until(&rest, '\n'));
        if (line.len == 0 || line.at[0] == '#')
            continue;
        char place[32];
        struct text t = text_of(place, sizeof place);
        text_addf(&t, "line %zu: ", number);
        const enum rc rc = take_line(c, options, line, place, arena, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

enum rc option_complete(const struct option_command *c, const void *options, struct err *err)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct option_spec *s = &c->spec[i];
        if ((s->traits & OPTION_REQUIRED) == 0)
            continue;
        assert(is_text(s));
        const char *text;
        memcpy(&text, (const uint8_t *)options + s->offset, sizeof text);
        if (text == NULL)
            return err_set(err, RC_CONFIG, "%s%s is missing", option_is_named(s) ? "--" : "",
                           option_is_named(s) ? s->name : option_value_name(s));
    }
    return RC_OK;
}

bool option_split_addr(const char *text, int32_t port_default, char *host, size_t cap,
                       uint16_t *port)
{
    assert(port_default >= -1);
    assert(port_default <= UINT16_MAX);
    assert(cap > 0);
    const bool has_brackets = text[0] == '[';
    const char *from = has_brackets ? text + 1 : text;
    const size_t len = strcspn(from, has_brackets ? "]" : ":");
    const char *rest = from + len;
    if (has_brackets && *rest++ != ']')
        return false;
    uint64_t v = (uint64_t)(port_default >= 0 ? port_default : 0);
    const bool has_port = *rest == ':';
    if (has_port ? !text_to_u64(rest + 1, 0, UINT16_MAX, &v) : *rest != '\0' || port_default < 0)
        return false;
    if (len == 0 || len >= cap || strcspn(from, " \t[]/@") < len)
        return false;
    bytes_to_text(bytes_of(from, len), host, cap);
    *port = (uint16_t)v;
    return true;
}
