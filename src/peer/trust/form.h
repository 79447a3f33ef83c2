// SPDX-License-Identifier: MIT
// The forms of records that trust knows: numbers that cross the wire (doc/records.md).
#ifndef TRUST_FORM_H
#define TRUST_FORM_H

enum trust_form {
    FORM_RECEIPT = 1,
    FORM_ANSWER = 2,
    FORM_VOUCHER = 3,
    FORM_FAULT = 9, // unsigned: records of the accused speak
};

#endif
