// SPDX-License-Identifier: MIT
// Any bytes as a message: what decodes encodes again to the same bytes.
#include "compute/msg.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct msg m;
    if (msg_decode(&m, bytes_of(data, size)) != RC_OK)
        return 0;
    size_t cap = msg_bytes_max(&m);
    uint8_t *at = malloc(cap);
    assert(at != NULL);
    struct buffer b = buffer_of(at, cap);
    enum rc rc = msg_encode(&m, &b);
    assert(rc == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), bytes_of(data, size)));
    free(at);
    return 0;
}
