// SPDX-License-Identifier: MIT
// Any bytes as an identity file: what is taken writes itself back, to the same bytes but for case.
#include "crypt/id.h"

#include <assert.h>
#include <ctype.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct id id;
    if (id_decode(&id, bytes_of(data, size)) != RC_OK)
        return 0;
    uint8_t back[ID_FILE_BYTES];
    assert(size == sizeof back);
    id_encode(&id, back);
    for (size_t i = 0; i < size; i++)
        assert(tolower(data[i]) == back[i]);
    id_end(&id);
    return 0;
}
