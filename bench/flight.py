#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A flight through the street while a helper dies every few seconds, and whether it shows.

usage: bench/flight.py [--frames 300] [--fps 30] [--light-hz 10] [--every 5] [--helpers 4]
                       [--scene neon-street] [--size 480x270] [--light 240x134] [--spp 4]
                       [--split auto] [--out flight.mp4] [--sheet flight.png] [--json]
                       [--build build]

A hub, helpers and `shoal play --split auto --out flight.mp4`. Every --every seconds from the first
picture on the next helper gets kill -9, and is started again at once with its key. Pictures are
drawn as fast as this machine can, up to --fps. Then the video is looked through (ffprobe, ffmpeg):
all pictures there, evenly spaced, and none with a black tile: a block of 32x32 pixels whose mean
luma is below 2 of 255, while that block is not so in the pictures before and after. A contact sheet
of 24 pictures is for people to look at. Ends with 1 if a picture is missing or has such a tile, or
nobody was killed.
"""
import json
import subprocess
import sys
import time

import numpy

from rig import Rig, parser_of

BLOCK, DARK = 32, 2.0
SHEET = 6, 4           # pictures
SHEET_WIDTH = 320      # of each, pixels
LONGEST_S = 1800       # for the whole flight


def options():
    parser = parser_of(__doc__)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--light-hz", type=float, default=10)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--helpers", type=int, default=4)
    parser.add_argument("--scene", default="neon-street")
    parser.add_argument("--size", default="480x270")
    parser.add_argument("--light", default="240x134")
    parser.add_argument("--spp", default="4")
    parser.add_argument("--split", default="auto")
    parser.add_argument("--out", default="flight.mp4")
    parser.add_argument("--sheet", default="flight.png")
    return parser.parse_args()


def kill_in_turn(rig, game, every_s):
    """How many helpers were killed while the game went on."""
    names, killed = sorted(rig.helpers), 0
    while game.process.poll() is None and not game.of("picture"):
        time.sleep(0.01)
    due = time.monotonic() + every_s
    end = time.monotonic() + LONGEST_S
    while game.process.poll() is None and time.monotonic() < end:
        if time.monotonic() >= due and not game.of("loop"):
            name = names[killed % len(names)]
            if rig.helpers[name].poll() is not None:
                raise RuntimeError(f"{name} ended by itself")
            rig.kill(rig.helpers[name])
            rig.add_helper(name, is_awaited=False)
            killed += 1
            due += every_s
        time.sleep(0.02)
    return killed


def fly(o):
    started = time.monotonic()
    with Rig(o, o.helpers) as rig:
        game = rig.play("--split", o.split, "--scene", o.scene, "--frames", o.frames,
                        "--fps", o.fps, "--light-hz", o.light_hz, "--size", o.size,
                        "--light", o.light, "--spp", o.spp, "--out", o.out)
        killed = kill_in_turn(rig, game, o.every)
        end = game.end()
    step = max(1, round(o.fps / o.light_hz))
    pictures = game.of("picture")
    numbers = [p["number"] for p in pictures]
    return {"killed": killed, "seconds": time.monotonic() - started, "loop": end,
            "drawn": len(pictures), "in_order": numbers == list(range(o.frames)),
            "late": sum(not p["light"] or p["age"] >= step for p in pictures)}


# ---- What the video shows

def told(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout


def times_of(path):
    """When each picture of a video is shown, in seconds."""
    said = told("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                "frame=best_effort_timestamp_time", "-of", "json", path)
    return [float(f["best_effort_timestamp_time"]) for f in json.loads(said)["frames"]]


def are_even(times, fps):
    return all(abs(b - a - 1 / fps) < 0.1 / fps for a, b in zip(times, times[1:]))


def block_means(path, width, height):
    """[picture][block row][block column]; blocks at the edge may be smaller."""
    raw = told("ffmpeg", "-v", "error", "-i", path, "-vf", "format=gray", "-f", "rawvideo", "-")
    pictures = numpy.frombuffer(raw, numpy.uint8).reshape(-1, height, width)
    ys, xs = numpy.arange(0, height, BLOCK), numpy.arange(0, width, BLOCK)
    area = numpy.outer(numpy.diff([*ys, height]), numpy.diff([*xs, width]))
    return numpy.array([numpy.add.reduceat(numpy.add.reduceat(p.astype(float), ys, axis=0), xs,
                                           axis=1) / area for p in pictures])


def black_tiles(means):
    """[(picture, row, column)] of blocks that are dark, but not in the pictures around."""
    dark = means < DARK
    return [(int(n) + 1, int(y), int(x))
            for n, y, x in numpy.argwhere(dark[1:-1] & ~dark[:-2] & ~dark[2:])]


def self_test():
    """That a black tile would be found, and one that stays dark is none."""
    means = numpy.full((5, 2, 3), 40.0)
    means[:, 0, 0] = 0.5
    assert black_tiles(means) == []
    means[3, 1, 2] = 1.9
    assert black_tiles(means) == [(3, 1, 2)]


def write_sheet(o, count):
    each = max(1, count // (SHEET[0] * SHEET[1]))
    told("ffmpeg", "-v", "error", "-y", "-i", o.out, "-vf",
         f"select=not(mod(n\\,{each})),scale={SHEET_WIDTH}:-2,tile={SHEET[0]}x{SHEET[1]}",
         "-frames:v", "1", o.sheet)


def main():
    o = options()
    self_test()
    f = fly(o)
    width, height = map(int, o.size.split("x"))
    times = times_of(o.out)
    means = block_means(o.out, width, height)
    black = black_tiles(means)
    write_sheet(o, len(times))
    loop = f["loop"]
    is_whole = (len(times) == len(means) == f["drawn"] == o.frames and f["in_order"] and
                are_even(times, o.fps))
    if o.json:
        print(json.dumps({**f, "shown": len(times), "even": are_even(times, o.fps),
                          "black": black, "darkest": float(means.min())}))
    else:
        print(f"{o.frames} pictures of {o.size} wanted, {len(times)} in {o.out}, "
              f"{'evenly spaced' if are_even(times, o.fps) else 'NOT EVENLY SPACED'}, "
              f"{o.frames - len(times)} missing; {f['killed']} helpers killed")
        print(f"black tiles: {len(black)} of {means.size} blocks"
              f"{': picture, row, column ' + str(black[:9]) if black else ''}; "
              f"{int((means < DARK).sum())} are dark where their neighbours in time are too, the "
              f"darkest has {means.min():.1f}")
        print(f"flown in {loop['ms'] / 1000:.0f} s ({1000 * f['drawn'] / loop['ms']:.1f} pictures/s), "
              f"{f['seconds']:.0f} s in all; {loop['without_light']} pictures without light, "
              f"{f['late']} with older light than their own")
        print(f"light: {loop['light_asked']} frames asked for, {loop['light_came']} came, "
              f"{loop['light_failed']} failed, {loop['retries']} tasks done again; age "
              f"{loop['age']:.1f} pictures, at most {loop['age_max']:.0f}")
        print(f"to look at: {o.sheet}")
    return 0 if is_whole and not black and f["killed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
