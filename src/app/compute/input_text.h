// SPDX-License-Identifier: MIT
// Input text: a player's recorded input as a text file, one step a line.
//
//     # MS RIGHT UP AHEAD TURN TILT
//     16.667 0 0 1 -0.25 0
//
// How long the step lasted in milliseconds, 0.001 to 1000, then shares of full speed, -1 to 1:
// moved right, up, ahead, turned right, tilted up. Numbers are decimal: a sign, digits, and maybe a
// point with digits after it, of which the tenth and later ones do not count; no exponents, no
// words, whatever the locale. They are read in integers, so that the same text is the same steps on
// every machine. Blanks and tabs separate; a line ends with \n or \r\n, the last one maybe with
// neither. Empty lines and those whose first character is # are left out.
#ifndef COMPUTE_INPUT_TEXT_H
#define COMPUTE_INPUT_TEXT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "compute/session.h"

// out has room for `cap` steps; they are numbered from 1, as a session that was just started wants
// them. A text of none is fine. RC_MALFORMED: a line is no step, or more than cap are; *err says
// which line and why, *count is untouched, and out holds nothing of use.
MUST_USE enum rc input_text_parse(struct session_input *out, uint32_t cap, uint32_t *count,
                                  struct bytes text, struct err *err);

#endif
