// SPDX-License-Identifier: MIT
// SHA-1 (FIPS 180-4), by OpenSSL: only where a foreign wire format wants it.
#include "crypt/sha1.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include <openssl/evp.h>

struct sha1 sha1_parts(const struct bytes *part, size_t count)
{
    struct sha1 d = {{0}};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL && EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1;
    assert(part != NULL || count == 0);
    for (size_t i = 0; is_good && i < count; i++)
        is_good = EVP_DigestUpdate(context, part[i].at, part[i].len) == 1;
    is_good = is_good && EVP_DigestFinal_ex(context, d.b, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!is_good)
        abort(); // OpenSSL without SHA-1, or no 200 bytes of memory: as in crypt/hash
    return d;
}
