// SPDX-License-Identifier: MIT
// Pictures to a file as they come: numbered PNGs, Y4M, or MP4, by the name's ending.
#include "prog/play/writer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "codec/planes.h"
#include "codec/video.h"
#include "image/movie.h"
#include "image/png.h"
#include "image/y4m.h"
#include "os/file.h"
#include "prog/cmd.h"
#include "prog/play/picture.h"

#define PART ".part"

enum form { FORM_PNG, FORM_Y4M, FORM_MP4 };

struct play_writer {
    struct play_writer_cfg cfg;
    enum form form;
    char part[FILE_PATH_BYTES]; // of a video, until it is whole
    FILE *file;
    uint64_t added;
    int error; // errno of a movie's write; 0: none failed
    struct movie *movie;
    struct buffer frame; // of Y4M
};

static enum form form_of(const char *path)
{
    const char *end = strrchr(path, '.');
    if (end != NULL && strcmp(end, ".y4m") == 0)
        return FORM_Y4M;
    return end != NULL && strcmp(end, ".mp4") == 0 ? FORM_MP4 : FORM_PNG;
}

static enum rc io_fault(const char *path, struct err *err)
{
    return err_set(err, RC_IO, "%s: %s", path, strerror(errno));
}

static enum rc write_at(void *self, uint64_t offset, struct bytes bytes)
{
    struct play_writer *w = self;
    if (fseeko(w->file, (off_t)offset, SEEK_SET) != 0 ||
        fwrite(bytes.at, 1, bytes.len, w->file) != bytes.len) {
        w->error = errno;
        return RC_IO;
    }
    return RC_OK;
}

static enum rc movie_fault(const struct play_writer *w, enum rc rc, struct err *err)
{
    return err_set(err, rc, "%s: %s", w->part, w->error != 0 ? strerror(w->error) : rc_text(rc));
}

static enum rc start_movie(struct play_writer *w, struct err *err)
{
    const struct movie_cfg cfg = {.width = w->cfg.width,
                                  .height = w->cfg.height,
                                  .fps = (uint32_t)lround(w->cfg.fps),
                                  .crf = MOVIE_CRF,
                                  .sink = {w, write_at}};
    enum rc rc = movie_open(&w->movie, &cfg);
    return rc == RC_OK ? rc : movie_fault(w, rc, err);
}

static enum rc start_y4m(struct play_writer *w, struct err *err)
{
    uint8_t at[Y4M_HEAD_BYTES_MAX];
    struct buffer head = buffer_of(at, sizeof at);
    enum rc rc = y4m_head(w->cfg.width, w->cfg.height, (uint32_t)lround(w->cfg.fps), &head);
    if (rc != RC_OK)
        return err_set(err, rc, "%s: cannot write Y4M: %s", w->part, rc_text(rc));
    return fwrite(head.at, 1, head.len, w->file) == head.len ? RC_OK : io_fault(w->part, err);
}

enum rc play_writer_check(const struct play_writer_cfg *c, struct err *err)
{
    const bool is_video = form_of(c->path) != FORM_PNG;
    if (strlen(c->path) > FILE_PATH_BYTES - sizeof PART - 16) // a number
        return err_set(err, RC_CONFIG, "--out: the path is too long");
    if (is_video && (c->width % 2 != 0 || c->height % 2 != 0 || c->width > PLANES_SIDE_MAX ||
                     c->height > PLANES_SIDE_MAX))
        return err_set(err, RC_CONFIG, "--out %s: a video wants an even --size, up to %ux%u",
                       c->path, PLANES_SIDE_MAX, PLANES_SIDE_MAX);
    if (is_video && (c->fps < 1 || c->fps > VIDEO_FPS_MAX))
        return err_set(err, RC_CONFIG, "--out %s: a video wants --fps from 1 to %u", c->path,
                       VIDEO_FPS_MAX);
    return cmd_check_out("out", c->path, err);
}

static enum rc start(struct play_writer *w, struct err *err)
{
    const struct play_writer_cfg *c = &w->cfg;
    if (w->form == FORM_PNG)
        return RC_OK;
    struct text t = text_of(w->part, sizeof w->part);
    text_addf(&t, "%s" PART, c->path);
    w->file = fopen(w->part, "wb");
    if (w->file == NULL)
        return io_fault(w->part, err);
    if (w->form == FORM_MP4)
        return start_movie(w, err);
    const size_t cap = y4m_frame_bytes(c->width, c->height);
    uint8_t *at = budget_take(c->budget, cap);
    if (at == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    w->frame = buffer_of(at, cap);
    return start_y4m(w, err);
}

enum rc play_writer_open(struct play_writer **out, const struct play_writer_cfg *cfg,
                         struct err *err)
{
    *out = NULL;
    struct play_writer *w = budget_take(cfg->budget, sizeof *w);
    if (w == NULL)
        return err_set(err, RC_NOMEM, "out of memory for pictures");
    *w = (struct play_writer){.cfg = *cfg, .form = form_of(cfg->path)};
    enum rc rc = play_writer_check(cfg, err);
    if (rc == RC_OK)
        rc = start(w, err);
    if (rc == RC_OK)
        *out = w;
    else
        play_writer_free(w);
    return rc;
}

static enum rc add_png(struct play_writer *w, uint32_t number, const uint8_t *rgb, struct err *err)
{
    char path[FILE_PATH_BYTES];
    enum rc rc = picture_path(path, sizeof path, w->cfg.path, number, w->cfg.count, err);
    return rc == RC_OK
               ? picture_write_rgb(path, rgb, w->cfg.width, w->cfg.height, w->cfg.budget, err)
               : rc;
}

static enum rc add_y4m(struct play_writer *w, const uint8_t *rgb, struct err *err)
{
    w->frame.len = 0;
    enum rc rc = y4m_frame(rgb, w->cfg.width, w->cfg.height, &w->frame);
    if (rc != RC_OK)
        return err_set(err, rc, "%s: %s", w->part, rc_text(rc));
    return fwrite(w->frame.at, 1, w->frame.len, w->file) == w->frame.len ? RC_OK
                                                                         : io_fault(w->part, err);
}

enum rc play_writer_add(struct play_writer *w, uint32_t number, const uint8_t *rgb, struct err *err)
{
    w->added++;
    if (w->form == FORM_PNG)
        return add_png(w, number, rgb, err);
    if (w->form == FORM_Y4M)
        return add_y4m(w, rgb, err);
    enum rc rc = movie_add(w->movie, rgb);
    return rc == RC_OK ? rc : movie_fault(w, rc, err);
}

enum rc play_writer_end(struct play_writer *w, struct err *err)
{
    if (w->form == FORM_PNG || w->added == 0)
        return RC_OK;
    enum rc rc = w->form == FORM_MP4 ? movie_end(w->movie) : RC_OK;
    if (rc != RC_OK)
        return movie_fault(w, rc, err);
    if (fflush(w->file) != 0 || fsync(fileno(w->file)) != 0) // or its name could outlive its bytes
        rc = io_fault(w->part, err);
    if (fclose(w->file) != 0 && rc == RC_OK)
        rc = io_fault(w->part, err);
    w->file = NULL;
    if (rc == RC_OK && rename(w->part, w->cfg.path) != 0)
        rc = io_fault(w->part, err);
    if (rc != RC_OK)
        (void)unlink(w->part); // it is not whole
    return rc;
}

void play_writer_free(struct play_writer *w)
{
    if (w == NULL)
        return;
    movie_close(w->movie);
    if (w->file != NULL) {
        (void)fclose(w->file); // it is thrown away
        (void)unlink(w->part);
    }
    budget_give(w->cfg.budget, w->frame.at);
    budget_give(w->cfg.budget, w);
}
