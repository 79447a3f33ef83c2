// SPDX-License-Identifier: MIT
// A grid map in memory: which cells are walls; steps, runs and legs on it; and reading one from
// a text.
#include "map/grid_map.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define EAST  0u
#define SOUTH 2u
#define WEST  4u
#define NORTH 6u

const int8_t grid_dx[GRID_DIRECTIONS] = {1, 1, 0, -1, -1, -1, 0, 1};
const int8_t grid_dy[GRID_DIRECTIONS] = {0, 1, 1, 1, 0, -1, -1, -1};

static_assert((uint64_t)GRID_SIDE_MAX * GRID_DIAGONAL <= UINT32_MAX, "a leg's cost fits");

// Of rows, of columns, with the border.
static uint32_t line_count(const struct grid_map *m, size_t which)
{
    return (which == 0 ? m->height : m->width) + 2;
}

static enum rc lines_new(struct grid_lines out[static 2], struct arena *arena,
                         const struct grid_map *m)
{
    for (size_t i = 0; i < 2; i++) {
        out[i].stride = (uint32_t)num_div_ceil(line_count(m, 1 - i), 64);
        out[i].word =
            arena_take_array(arena, (size_t)line_count(m, i) * out[i].stride, sizeof(uint64_t));
        if (out[i].word == NULL)
            return RC_NOMEM;
    }
    return RC_OK;
}

void grid_lines_set(struct grid_lines lines[static 2], struct grid_cell at)
{
    assert(at.x < GRID_SIDE_MAX && at.y < GRID_SIDE_MAX);
    const uint32_t x = at.x + 1u;
    const uint32_t y = at.y + 1u;
    lines[0].word[y * lines[0].stride + x / 64] |= UINT64_C(1) << x % 64;
    lines[1].word[x * lines[1].stride + y / 64] |= UINT64_C(1) << y % 64;
}

enum rc grid_map_new(struct grid_map *out, struct arena *arena, uint32_t width, uint32_t height)
{
    assert(width >= 1 && width <= GRID_SIDE_MAX);
    assert(height >= 1 && height <= GRID_SIDE_MAX);
    assert(width * height <= GRID_CELLS_MAX);
    struct grid_map m = {.width = width, .height = height};
    if (lines_new(m.wall, arena, &m) != RC_OK)
        return RC_NOMEM;
    for (size_t i = 0; i < 2; i++)
        memset(m.wall[i].word, 0xff,
               (size_t)line_count(&m, i) * m.wall[i].stride * sizeof(uint64_t));
    *out = m;
    return RC_OK;
}

enum rc grid_walls_copy(struct grid_lines out[static 2], struct arena *arena,
                        const struct grid_map *m)
{
    if (lines_new(out, arena, m) != RC_OK)
        return RC_NOMEM;
    for (size_t i = 0; i < 2; i++) {
        assert(out[i].stride == m->wall[i].stride);
        memcpy(out[i].word, m->wall[i].word,
               (size_t)line_count(m, i) * out[i].stride * sizeof(uint64_t));
    }
    return RC_OK;
}

void grid_map_free_cell(struct grid_map *m, struct grid_cell at)
{
    assert(grid_is_inside(m, at));
    const uint32_t x = at.x + 1u;
    const uint32_t y = at.y + 1u;
    m->wall[0].word[y * m->wall[0].stride + x / 64] &= ~(UINT64_C(1) << x % 64);
    m->wall[1].word[x * m->wall[1].stride + y / 64] &= ~(UINT64_C(1) << y % 64);
}

// ---- Runs and legs

static uint32_t bit_after(const uint64_t *line, uint32_t at)
{
    uint32_t i = (at + 1) / 64;
    uint64_t bits = line[i] & UINT64_MAX << (at + 1) % 64;
    while (bits == 0)
        bits = line[++i];
    return i * 64 + (uint32_t)__builtin_ctzll(bits);
}

static uint32_t bit_before(const uint64_t *line, uint32_t at) // at > 0
{
    uint32_t i = (at - 1) / 64;
    uint64_t bits = line[i] & UINT64_MAX >> (63 - (at - 1) % 64);
    while (bits == 0)
        bits = line[--i];
    return i * 64 + 63 - (uint32_t)__builtin_clzll(bits);
}

uint32_t grid_run(const struct grid_lines lines[static 2], struct grid_cell at, uint32_t dir)
{
    const uint32_t x = at.x + 1u;
    const uint32_t y = at.y + 1u;
    switch (dir) {
    case EAST:
        return bit_after(lines[0].word + (size_t)y * lines[0].stride, x) - x - 1;
    case WEST:
        return x - bit_before(lines[0].word + (size_t)y * lines[0].stride, x) - 1;
    case SOUTH:
        return bit_after(lines[1].word + (size_t)x * lines[1].stride, y) - y - 1;
    default:
        assert(dir == NORTH);
        return y - bit_before(lines[1].word + (size_t)x * lines[1].stride, y) - 1;
    }
}

uint32_t grid_room(const struct grid_map *m, struct grid_cell at, uint32_t dir, uint32_t most)
{
    if (dir % 2 == 0)
        return (uint32_t)num_min(grid_run(m->wall, at, dir), most);
    uint32_t steps = 0;
    while (steps < most && grid_can_step(m, at, dir)) {
        at = grid_next(at, dir, 1);
        steps++;
    }
    return steps;
}

struct grid_leg grid_leg(struct grid_cell from, struct grid_cell to)
{
    const uint32_t right = to.x >= from.x;
    const uint32_t down = to.y >= from.y;
    const uint32_t dx = (uint32_t)(right ? to.x - from.x : from.x - to.x);
    const uint32_t dy = (uint32_t)(down ? to.y - from.y : from.y - to.y);
    static const uint32_t diagonal[2][2] = {{5, 3}, {7, 1}}; // [right][down]
    struct grid_leg leg = {.diagonal_dir = diagonal[right][down],
                           .diagonal = dx < dy ? dx : dy,
                           .straight = dx < dy ? dy - dx : dx - dy};
    if (dx > dy)
        leg.straight_dir = right ? EAST : WEST;
    else
        leg.straight_dir = down ? SOUTH : NORTH;
    return leg;
}

bool grid_leg_is_free(const struct grid_map *m, struct grid_cell from, const struct grid_leg *leg,
                      bool is_diagonal_first)
{
    if (!is_diagonal_first) {
        if (grid_room(m, from, leg->straight_dir, leg->straight) < leg->straight)
            return false;
        from = grid_next(from, leg->straight_dir, leg->straight);
        return grid_room(m, from, leg->diagonal_dir, leg->diagonal) == leg->diagonal;
    }
    if (grid_room(m, from, leg->diagonal_dir, leg->diagonal) < leg->diagonal)
        return false;
    from = grid_next(from, leg->diagonal_dir, leg->diagonal);
    return grid_room(m, from, leg->straight_dir, leg->straight) == leg->straight;
}

// ---- The text

// Takes a line off the text's front, without what ends it; false: there is none.
static bool take_line(struct bytes *text, struct bytes *line)
{
    if (text->len == 0)
        return false;
    *line = bytes_take_until(text, '\n');
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

// `name N`, N from 1 to GRID_SIDE_MAX.
static bool take_side(struct bytes *text, const char *name, uint32_t *out)
{
    struct bytes line;
    const size_t skip = strlen(name) + 1;
    if (!take_line(text, &line) || line.len <= skip || line.len > skip + 4 ||
        !bytes_is(bytes_part(line, 0, skip - 1), name) || line.at[skip - 1] != ' ')
        return false;
    uint32_t side = 0;
    for (size_t i = skip; i < line.len; i++) {
        if (line.at[i] < '0' || line.at[i] > '9')
            return false;
        side = side * 10 + (uint32_t)(line.at[i] - '0');
    }
    *out = side;
    return side >= 1 && side <= GRID_SIDE_MAX;
}

static bool is_ground(uint8_t c)
{
    return c == '.' || c == 'G' || c == 'S';
}

static enum rc read_rows(struct grid_map *m, struct bytes text, struct err *err)
{
    struct bytes line;
    for (uint32_t y = 0; y < m->height; y++) {
        if (!take_line(&text, &line))
            return err_set(err, RC_MALFORMED, "the map has only %u rows of %u", y, m->height);
        if (line.len != m->width)
            return err_set(err, RC_MALFORMED, "row %u has %zu cells, not %u", y, line.len,
                           m->width);
        for (uint32_t x = 0; x < m->width; x++)
            if (is_ground(line.at[x]))
                grid_map_free_cell(m, (struct grid_cell){(uint16_t)x, (uint16_t)y});
    }
    while (take_line(&text, &line))
        if (line.len > 0)
            return err_set(err, RC_MALFORMED, "the map has more than %u rows", m->height);
    return RC_OK;
}

enum rc grid_map_parse(struct grid_map *out, struct arena *arena, struct bytes text,
                       struct err *err)
{
    struct bytes line;
    uint32_t width = 0;
    uint32_t height = 0;
    if (!take_line(&text, &line) || !bytes_is(line, "type octile"))
        return err_set(err, RC_MALFORMED, "line 1 is not `type octile`");
    if (!take_side(&text, "height", &height))
        return err_set(err, RC_MALFORMED, "line 2 is not `height` and 1 to %u", GRID_SIDE_MAX);
    if (!take_side(&text, "width", &width))
        return err_set(err, RC_MALFORMED, "line 3 is not `width` and 1 to %u", GRID_SIDE_MAX);
    if (!take_line(&text, &line) || !bytes_is(line, "map"))
        return err_set(err, RC_MALFORMED, "line 4 is not `map`");
    if (width * height > GRID_CELLS_MAX)
        return err_set(err, RC_MALFORMED, "the map has more than %u cells", GRID_CELLS_MAX);
    struct grid_map m;
    if (grid_map_new(&m, arena, width, height) != RC_OK)
        return err_set(err, RC_NOMEM, "the map needs more memory than there is");
    enum rc rc = read_rows(&m, text, err);
    if (rc == RC_OK)
        *out = m;
    return rc;
}
