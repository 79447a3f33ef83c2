// SPDX-License-Identifier: MIT
// Members of a JSON object that a scenario needs: each within its bounds, the first wrong one kept.
#include "sim/fields.h"

void fields_within(struct fields *f, const struct json_node *object, const char *what)
{
    f->object = object;
    f->what = what;
}

bool fields_enter(struct fields *f, const struct json_node *parent, const char *what)
{
    fields_within(f, json_get(parent, what), what);
    return f->object != NULL;
}

void fields_blame(struct fields *f, const char *member)
{
    if (f->member != NULL)
        return;
    f->where = f->what;
    f->member = member;
}

double fields_number(struct fields *f, const char *member, double low, double high)
{
    double x = 0;
    if (!json_get_f64(json_get(f->object, member), &x) || !(x >= low && x <= high)) {
        fields_blame(f, member);
        return low;
    }
    return x;
}

double fields_number_or(struct fields *f, const char *member, double low, double high,
                        double initial)
{
    return json_get(f->object, member) != NULL ? fields_number(f, member, low, high) : initial;
}

bool fields_flag_or(struct fields *f, const char *member, bool initial)
{
    bool is_set = initial;
    const struct json_node *node = json_get(f->object, member);
    if (node != NULL && !json_get_flag(node, &is_set))
        fields_blame(f, member);
    return is_set;
}

void fields_name(struct fields *f, const char *member, char *out, size_t cap)
{
    struct bytes text;
    if (!json_get_text(json_get(f->object, member), &text) || text.len == 0 || text.len >= cap)
        fields_blame(f, member);
    else
        bytes_to_text(text, out, cap);
}
