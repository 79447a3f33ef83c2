// SPDX-License-Identifier: MIT
// What sandboxed workers run: the kernels, or the import of the user's own meshes.
//
// The only place where app's kernels and edge's workers meet.
#ifndef PROG_CELL_CODE_H
#define PROG_CELL_CODE_H

#include "base/bytes.h"
#include "kernel/kernel.h"
#include "os/cell.h"

// load: an input object. run: a request of cell_code_request; result and report as the kernel's.
extern const struct worker_code cell_code_kernels;
// load: a bundle (scene/mesh.h). run: any request; the result is a scene object; with another
// code than RC_OK the report holds words for the user.
extern const struct worker_code cell_code_import;

#define CELL_REQUEST_BYTES_MAX (97u << 20) // params, and all that is given with them

// The request that runs `kernel`. RC_FULL: no room.
MUST_USE enum rc cell_code_request(const char *kernel, const struct kernel_in *in,
                                   struct buffer *out);
size_t cell_code_request_bytes(const struct kernel_in *in); // that are enough for it

#endif
