// SPDX-License-Identifier: MIT
// SipHash-2-4: a fast keyed hash of short inputs, which nobody without the key can foresee.
//
// Aumasson, Bernstein: "SipHash: a fast short-input PRF" (2012). For tables that strangers fill,
// and for tokens of a few minutes. OpenSSL has it behind EVP_MAC, which fetches and allocates for
// every call; here it is some twenty nanoseconds.
#ifndef CRYPT_SIP_H
#define CRYPT_SIP_H

#include <stdint.h>

#include "base/bytes.h"

#define SIP_KEY_BYTES 16

uint64_t sip_hash(const uint8_t key[static SIP_KEY_BYTES], struct bytes in);

#endif
