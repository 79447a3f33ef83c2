// SPDX-License-Identifier: MIT
// The messages of hub, helper and gamer: one CBOR array each, [type, field ...]
// (doc/messages.cddl).
//
// A decoded message borrows its byte strings from the input. Encoding and decoding check the
// same ranges; a message that decodes can be encoded again to the same bytes.
//
// Opening: the hub sends CHALLENGE; the other side answers HELLO, signed over the challenge, a
// helper with what it can do, a gamer with proof of the hub's token; the hub answers WELCOME,
// signed over the other side's challenge, or REFUSE.
#ifndef COMPUTE_MSG_H
#define COMPUTE_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "compute/session.h"
#include "crypt/hash.h"
#include "crypt/sign.h"
#include "kernel/trace/trace.h"
#include "work/rect.h"
#include "work/task.h"

#define MSG_VERSION          1u
#define MSG_BYTES_MAX        (32u << 20)
#define MSG_RESULT_BYTES_MAX (30u << 20) // leaves room for a report and a head
#define MSG_HEAD_BYTES_MAX   8192u       // any message without its one large byte string
#define MSG_NAME_BYTES       33          // with its final 0
#define MSG_TEXT_BYTES       161         // with its final 0
#define MSG_KERNELS_MAX      16u
#define MSG_SLOTS_MAX        1024u
#define MSG_CORES_MAX        65536u
#define MSG_HEARTBEAT_MS_MIN 100u
#define MSG_HEARTBEAT_MS_MAX 60000u
#define MSG_PART_BYTES_MAX   (1u << 20) // of an object, in one message
#define MSG_OBJECT_BYTES_MAX (256u << 20)
#define MSG_SAMPLES_MAX      65536u // of a frame, over all its tasks
#define MSG_TILES_MAX        4096u
#define MSG_LABEL_BYTES      65     // with its final 0
#define MSG_HAVE_MAX         16384u // results of one frame that a gamer can name
#define MSG_HAVE_BYTES       8u
#define MSG_NEEDS_MAX        16u // other jobs whose results a run is given

enum msg_type { // numbers are pinned and only appended
    MSG_CHALLENGE = 1,
    MSG_HELLO = 2,
    MSG_WELCOME = 3,
    MSG_REFUSE = 4,
    MSG_HEARTBEAT = 5,
    MSG_OBJECT_GET = 6,
    MSG_OBJECT_PART = 7,
    MSG_OBJECT_NONE = 8,
    MSG_SUBMIT = 9,
    MSG_WITHDRAW = 10,
    MSG_PLANNED = 11,
    MSG_TILE = 12,
    MSG_DONE = 13,
    MSG_FAILED = 14,
    MSG_PREPARE = 15,
    MSG_ASSIGN = 16,
    MSG_CANCEL = 17,
    MSG_RESULT = 18,
    MSG_FAILURE = 19,
    MSG_VERDICT = 20,
    MSG_RUN = 21,
    MSG_RAN = 22,
    MSG_INPUT = 23,
    MSG_PEERS = 24,
};

enum msg_role {
    MSG_ROLE_HELPER = 1,
    MSG_ROLE_GAMER = 2,
};

struct msg_challenge { // hub to all
    uint32_t version;
    uint8_t nonce[32];
    struct sign_public hub;
};

struct msg_speed { // what a micro-benchmark on that machine measured
    char kernel[TASK_KERNEL_BYTES];
    uint64_t units_s; // the kernel's cost units per CPU second in one worker
};

struct msg_ability { // of a helper
    uint32_t slots;  // tasks at once, 1..MSG_SLOTS_MAX
    uint32_t cores;
    uint64_t memory_bytes;
    char cpu[64];              // model, as the machine calls itself
    char cage[MSG_NAME_BYTES]; // which walls stand around its workers
    uint32_t speed_count;
    struct msg_speed speed[MSG_KERNELS_MAX];
};

struct msg_hello { // to the hub
    uint32_t version;
    enum msg_role role;
    struct sign_public public;
    struct signature signature; // over msg_hello_signed
    uint8_t nonce[32];          // for the hub to sign
    char name[MSG_NAME_BYTES];  // for people; may be empty
    uint8_t token_proof[32];    // gamers: msg_token_proof; helpers: zeros
    struct msg_ability ability; // helpers; gamers: zeros
};

struct msg_welcome {            // hub to all
    struct signature signature; // over msg_welcome_signed
    uint32_t heartbeat_ms;      // how often a helper is to say that it lives
};

struct msg_refuse { // hub to all, then it closes
    enum rc rc;
    char text[MSG_TEXT_BYTES];
};

struct msg_heartbeat {      // helper to hub
    uint32_t busy;          // slots at work
    uint32_t load_permille; // of all cores
    int32_t temperature_mc; // thousandths of a degree Celsius
    bool has_temperature;
    uint64_t memory_free_bytes;
};

struct msg_object_get { // who wants it, to who should have it
    struct digest digest;
    uint64_t offset;
    uint32_t len; // 1..MSG_PART_BYTES_MAX
};

struct msg_object_part {
    struct digest digest;
    uint64_t offset;
    uint64_t total; // 1..MSG_OBJECT_BYTES_MAX
    struct bytes data;
};

struct msg_object_none {
    struct digest digest;
};

struct msg_submit { // gamer to hub: one frame
    uint64_t job;   // the gamer's own number
    struct digest scene;
    uint32_t frame;
    uint32_t width, height;
    uint32_t samples;   // per pixel, 1..MSG_SAMPLES_MAX
    uint32_t depth_max; // 1..TRACE_DEPTH_MAX
    uint32_t tiles;     // 0: as the hub thinks best
    bool is_session;    // seen from where the session stands (MSG_INPUT) instead of camera
    bool is_kept;       // its light stays at the hub, as one result of kernel trace
    struct camera camera;
    uint64_t plan;     // after a lost connection: that what is in already belongs to; else 0
    struct bytes have; // results that are in already: msg_have_put
};

struct msg_withdraw { // gamer to hub
    uint64_t job;
};

struct msg_planned { // hub to gamer: the frame was split
    uint64_t job;
    uint32_t tiles;
    uint32_t helpers; // ready now, the hub's own not counted
    uint64_t plan;    // names this way of cutting: results of another one do not fit to it
    uint64_t input;   // the last step of input that the camera has seen
    struct camera camera;
};

struct msg_expected { // of the time from assignment to result, before it was known; all 0: nothing
    uint64_t us;
    uint64_t low_us, high_us; // four in five are within
};

struct msg_tile { // hub to gamer: verified
    uint64_t job;
    uint32_t index;
    struct rect rect;
    uint32_t sample_first, sample_count;
    char helper[MSG_NAME_BYTES];
    struct digest node; // the helper's node id
    struct msg_expected expected;
    uint64_t wall_us;  // from assignment to verified result
    uint64_t cpu_us;   // of the worker, by the helper's word
    uint32_t attempts; // 1: the first helper did it
    uint32_t parts;    // redone by the hub; 0: it did the tile itself
    bool is_cached;    // made before, for this or another frame
    struct bytes result;
};

struct msg_done { // hub to gamer: every tile was sent
    uint64_t job;
    uint32_t tiles;
    uint32_t retries;
    uint32_t wrong; // results that were found out
};

struct msg_failed { // hub to gamer: there will be no frame, or no result of a run
    uint64_t job;
    char label[MSG_LABEL_BYTES]; // of a run
    enum rc rc;
    char text[MSG_TEXT_BYTES];
};

struct msg_prepare { // hub to helper: this object will be wanted
    struct digest object;
};

struct msg_assign { // hub to helper
    uint64_t task;
    uint32_t budget_ms;    // of wall time; a worker that takes longer is killed
    struct task_spec spec; // borrows params
    uint64_t expected_us;  // of the time from assignment to result; 0: nothing
};

struct msg_cancel { // hub to helper
    uint64_t task;
};

struct msg_result { // helper to hub
    uint64_t task;
    struct digest hash;         // of result: the helper is bound to it before parts are drawn
    struct signature signature; // over msg_result_signed
    uint64_t cpu_us;
    struct bytes report;
    struct bytes result;
};

struct msg_failure { // helper to hub
    uint64_t task;
    enum rc rc;
    char text[MSG_TEXT_BYTES];
};

struct msg_verdict { // hub to helper: what became of its result
    uint64_t task;
    bool is_right;
    uint32_t parts;
    uint32_t mismatches;
    char text[MSG_TEXT_BYTES];
};

struct msg_run {                  // gamer to hub: one task of any kernel
    uint64_t job;                 // as in submit
    char label[MSG_LABEL_BYTES];  // the gamer's own word for it; may be empty
    uint32_t deadline_ms;         // from now, then it has failed; 0: none
    struct task_spec spec;        // borrows params; what the hub lacks of its inputs, it asks for
    uint32_t need_count;          // further inputs: ...
    uint64_t need[MSG_NEEDS_MAX]; // ... the results of these jobs of the same gamer, which are kept
    bool is_kept;                 // the result stays at the hub, for jobs that need it
    bool is_quiet;                // and is not sent
};

struct msg_ran { // hub to gamer: verified
    uint64_t job;
    char label[MSG_LABEL_BYTES];
    char helper[MSG_NAME_BYTES];
    struct digest node; // the helper's node id
    struct msg_expected expected;
    uint64_t wall_us;    // from assignment to result
    uint64_t cpu_us;     // of the worker, by the helper's word
    uint32_t attempts;   // 1: the first helper did it
    bool is_cached;      // made before
    struct bytes result; // empty of a quiet run
};

struct msg_peers {  // hub to gamer, when it changed, at most once a second
    uint32_t ready; // helpers with a free slot, the hub's own not counted
    uint32_t all;
};

struct msg {
    enum msg_type type;
    union {
        struct msg_challenge challenge;
        struct msg_hello hello;
        struct msg_welcome welcome;
        struct msg_refuse refuse;
        struct msg_heartbeat heartbeat;
        struct msg_object_get object_get;
        struct msg_object_part object_part;
        struct msg_object_none object_none;
        struct msg_submit submit;
        struct msg_withdraw withdraw;
        struct msg_planned planned;
        struct msg_tile tile;
        struct msg_done done;
        struct msg_failed failed;
        struct msg_prepare prepare;
        struct msg_assign assign;
        struct msg_cancel cancel;
        struct msg_result result;
        struct msg_failure failure;
        struct msg_verdict verdict;
        struct msg_run run;
        struct msg_ran ran;
        struct session_input input; // gamer to hub: one step of what the player did
        struct msg_peers peers;
    } as;
};

// An upper bound of the encoded size of *m.
size_t msg_bytes_max(const struct msg *m);
// RC_FULL: out is shorter than msg_bytes_max. RC_MALFORMED: a field is out of its range. *out then
// holds nothing of use.
MUST_USE enum rc msg_encode(const struct msg *m, struct buffer *out);
// RC_MALFORMED: *out is of no use.
MUST_USE enum rc msg_decode(struct msg *out, struct bytes in);

// One entry of submit.have: the result of tile `index` whose samples begin at sample_first.
void msg_have_put(struct buffer *have, uint32_t index, uint32_t sample_first);
bool msg_have_next(struct cursor *have, uint32_t *index, uint32_t *sample_first);

// What is signed. Each starts with its own words, so that no signature serves twice.
#define MSG_SIGNED_BYTES 160
struct bytes msg_hello_signed(const struct msg_challenge *c, enum msg_role role,
                              uint8_t room[static MSG_SIGNED_BYTES]);
struct bytes msg_welcome_signed(const uint8_t nonce[static 32], const struct sign_public *other,
                                uint8_t room[static MSG_SIGNED_BYTES]);
struct bytes msg_result_signed(const struct digest *task, const struct digest *hash,
                               uint8_t room[static MSG_SIGNED_BYTES]);
// SHA-256 over words, the challenge's nonce, both public keys and the token, which itself never
// travels. Bound to both keys: a hub that is none cannot pass it on as its own proof elsewhere.
struct digest msg_token_proof(const struct msg_challenge *c, const struct sign_public *gamer,
                              struct bytes token);

#endif
