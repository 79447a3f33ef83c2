// SPDX-License-Identifier: MIT
// Result codes: what the caller is to do about it; and the words for a human.
#include "base/rc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const words[RC_COUNT] = {
    [RC_OK] = "ok",
    [RC_AGAIN] = "not yet",
    [RC_FULL] = "full",
    [RC_NOMEM] = "out of memory",
    [RC_MALFORMED] = "malformed",
    [RC_REFUSED] = "refused",
    [RC_CONFIG] = "bad setting",
    [RC_ABSENT] = "not there",
    [RC_IO] = "system failure",
    [RC_TIMEOUT] = "no answer in time",
    [RC_CLOSED] = "closed by the other side",
    [RC_CRASHED] = "crashed",
    [RC_UNSUPPORTED] = "not supported here",
};

static_assert(RC_COUNT == RC_UNSUPPORTED + 1, "the codes are all of these");

const char *rc_text(enum rc rc)
{
    return (unsigned)rc < RC_COUNT ? words[rc] : "unknown";
}

enum rc err_set(struct err *err, enum rc rc, const char *format, ...)
{
    assert(rc != RC_OK); // an error is set
    if (err == NULL)
        return rc;
    err->rc = rc;
    va_list values;
    va_start(values, format);
    (void)vsnprintf(err->text, sizeof err->text, format, values); // cut where it does not fit
    va_end(values);
    return rc;
}
