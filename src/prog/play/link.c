// SPDX-License-Identifier: MIT
// A gamer's connection to a hub: its identity, the token, the machine behind it, and patience.
#include "prog/play/link.h"

#include <stdio.h>

#include "base/num.h"
#include "base/text.h"
#include "os/entropy.h"

#define RETRY_US 500000u // between two attempts to reach the hub again

void play_link_end(struct play_link *l, int exit_code)
{
    l->is_over = true;
    l->exit_code = exit_code;
    loop_stop(l->loop);
}

void play_link_end_with(struct play_link *l, const char *why)
{
    if (l->why.text[0] == 0) // the first reason is the reason
        (void)err_set(&l->why, RC_CLOSED, "%s", why);
    play_link_end(l, EXIT_FAILED);
}

void play_link_tell(struct play_link *l)
{
    progress_wipe(&l->progress);
    if (l->why.text[0] != 0)
        (void)cmd_fail(&l->why);
}

static void hub_is_back(struct play_link *l)
{
    if (l->lost_us != 0 && !l->cfg.common->is_json && !l->cfg.is_quiet)
        fprintf(stderr, "shoal: the hub is back; going on\n");
    l->lost_us = 0;
    l->was_in = true;
}

static void take_events(struct play_link *l)
{
    struct gamer_event e;
    while (!l->is_over && gamer_event(l->machine, &e)) {
        if (e.kind == GAMER_EVENT_IN)
            hub_is_back(l);
        if (e.kind == GAMER_EVENT_OUT)
            play_link_end_with(l, e.text);
        else
            l->cfg.on_event(l->cfg.self, &e);
    }
}

void play_link_send(struct play_link *l)
{
    struct out out;
    while (gamer_next(l->machine, &out)) {
        if (out.kind == OUT_SEND) {
            l->bytes_out += out.bytes.len;
            uplink_send(l->uplink, out.bytes);
        } else {
            uplink_close(l->uplink, "done");
        }
    }
}

static void drain(void *self)
{
    struct play_link *l = self;
    take_events(l);
    play_link_send(l);
}

static void on_open(void *self)
{
    struct play_link *l = self;
    gamer_open(l->machine);
}

static void on_message(void *self, struct bytes message)
{
    struct play_link *l = self;
    l->bytes_in += message.len;
    gamer_input(l->machine, message);
    take_events(l); // at once: there is room for so many
}

static void connect_again(void *self)
{
    struct play_link *l = self;
    struct err err;
    if (uplink_open(l->uplink, &err) != RC_OK)
        play_link_end_with(l, err.text);
}

static void on_close(void *self, const char *reason)
{
    struct play_link *l = self;
    const uint64_t now_us = loop_now_us(l->loop);
    gamer_closed(l->machine);
    take_events(l);
    if (l->is_over)
        return;
    if (!l->was_in) { // it never was there, or does not want us: a person should know at once
        play_link_end_with(l, reason);
        return;
    }
    if (l->lost_us == 0 && l->cfg.patience_us > 0) {
        l->lost_us = num_max(now_us, 1);
        progress_wipe(&l->progress);
        fprintf(stderr, "shoal: %s; trying for %llu s to reach it again\n", reason,
                (unsigned long long)(l->cfg.patience_us / US_PER_S));
    }
    if (l->lost_us == 0 || time_since(l->lost_us, now_us) >= l->cfg.patience_us)
        play_link_end_with(l, reason);
    else
        loop_timer_at(l->retry, time_after(now_us, RETRY_US));
}

static void on_signal(void *self, int number)
{
    struct play_link *l = self;
    progress_wipe(&l->progress);
    l->signal = number;
    l->cfg.on_stop(l->cfg.self);
    play_link_send(l);
    play_link_end(l, EXIT_SIGNAL + number);
}

static enum rc find_token(struct play_link *l, struct err *err)
{
    char path[FILE_PATH_BYTES];
    if (l->cfg.token_file != NULL)
        return cmd_secret(&l->token, l->cfg.arena, l->cfg.token_file, err);
    enum rc rc = cmd_path(path, l->state, "token", err);
    if (rc == RC_OK && file_exists(path))
        rc = cmd_secret(&l->token, l->cfg.arena, path, err);
    return rc;
}

static enum rc open_machine(struct play_link *l, struct err *err)
{
    struct gamer_cfg cfg = {
        .budget = l->cfg.budget,
        .client = {
            .role = MSG_ROLE_GAMER, .key = l->id.key, .token = l->token, .entropy = entropy_os()}};
    if (l->cfg.name != NULL)
        bytes_to_text(bytes_text(l->cfg.name), cfg.client.name, sizeof cfg.client.name);
    if (gamer_new(&l->machine, &cfg) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory");
    return RC_OK;
}

static enum rc open_loop(struct play_link *l, struct err *err)
{
    enum rc rc = loop_new(&l->loop, err);
    if (rc == RC_OK)
        rc = loop_on_signal(l->loop, on_signal, l);
    if (rc == RC_OK)
        rc = loop_timer_new(&l->retry, l->loop, connect_again, l);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot start the event loop: %s", rc_text(rc));
    loop_set_sleep_hook(l->loop, drain, l);
    return RC_OK;
}

enum rc play_link_open(struct play_link *l, const struct play_link_cfg *cfg, struct err *err)
{
    *l = (struct play_link){.cfg = *cfg};
    enum rc rc = cmd_state(cfg->common, l->state, err);
    if (rc == RC_OK)
        rc = cmd_identity(&l->id, l->state, err);
    if (rc == RC_OK)
        rc = find_token(l, err);
    if (rc == RC_OK)
        rc = open_machine(l, err);
    return rc == RC_OK ? open_loop(l, err) : rc;
}

enum rc play_link_connect(struct play_link *l, struct err *err)
{
    const struct uplink_handlers handlers = {l, on_open, on_message, on_close};
    enum rc rc = uplink_new(&l->uplink, l->loop, l->cfg.uplink, l->state, &handlers, err);
    if (rc == RC_OK)
        rc = uplink_open(l->uplink, err);
    progress_start(&l->progress, !l->cfg.is_quiet && !l->cfg.common->is_json, loop_now_us(l->loop));
    return rc;
}

void play_link_close(struct play_link *l)
{
    uplink_free(l->uplink);
    gamer_free(l->machine);
    loop_timer_free(l->retry);
    loop_free(l->loop);
    id_end(&l->id);
}
