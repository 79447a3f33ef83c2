#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole runs of a game's frame loop, with a hub and helpers, over loopback."""
import json
import os
import signal
import subprocess

from e2e_world import WAIT_S, main, one_line, read, run, wait_for


def loop_words(w, split, out, frames=10, *words):
    return ["--split", split, "--scene", "cornell", "--size", "160x90", "--spp", "4", "--frames",
            str(frames), "--out", w.path(out), "--quiet", *words]


def events_of(out):
    return [json.loads(line) for line in out.splitlines()]


def loop_of(out, frames, first=0):
    """The last event of a frame loop, all of whose pictures were told of, in order."""
    events = events_of(out)
    assert events[-1]["event"] == "loop" and events[-1]["pictures"] == frames, events[-1]
    numbers = [e["number"] for e in events if e["event"] == "picture"]
    assert numbers == list(range(first, first + frames)), numbers
    return events[-1]


def means(path):
    """Mean grey of each picture of a video, or of a PNG."""
    r = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-vf", "scale=1:1:flags=area", "-f",
                        "rawvideo", "-pix_fmt", "gray", "-"], capture_output=True, timeout=WAIT_S,
                       stdin=subprocess.DEVNULL)
    assert r.returncode == 0, r
    return list(r.stdout)


def frame_loop(w, split):
    """Pictures go on, and light too, whatever becomes of a helper; none is black."""
    hub = w.hub()
    helpers = [w.helper(hub, n) for n in ("one-h", "two-h")]
    player = subprocess.Popen(w.play_words(hub, *loop_words(w, split, "f.png", 12, "--json")),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: os.path.exists(w.path("f-0002.png")), "some pictures")
    helpers[0].kill()
    out, err = player.communicate(timeout=WAIT_S)
    assert player.returncode == 0 and err == "", (out, err)
    loop = loop_of(out, 12)
    assert loop["light_came"] > 0 and loop["without_light"] == 0, loop
    if split != "auto":
        assert loop[split] == loop["light_asked"], loop
    for i in range(12):
        assert means(w.path(f"f-{i:04}.png"))[0] > 20, i


def case_loop_spatial(w):
    frame_loop(w, "spatial")


def case_loop_functional(w):
    frame_loop(w, "functional")


def case_loop_pipeline(w):
    frame_loop(w, "pipeline")


def case_loop_hybrid(w):
    frame_loop(w, "hybrid")


def case_loop_auto(w):
    frame_loop(w, "auto")


def case_loop_videos(w):
    """MP4 and Y4M as others read them; light as streams; input; numbers that go on."""
    hub = w.hub()
    w.helper(hub, "one-h")
    w.helper(hub, "two-h")
    r = w.play(hub, *loop_words(w, "hybrid", "s.mp4", 12, "--group", "2", "--json"))
    assert r.returncode == 0 and r.stderr == "", r
    loop = loop_of(r.stdout, 12)
    assert loop["streams"] > 0 and loop["layers"] == 0 and loop["sums"] == 0, loop
    with open(w.path("flight.txt"), "w") as f:
        f.write("25 0.1 0 0 0 0\n" * 40)
    r = w.play(hub, *loop_words(w, "spatial", "i.y4m", 10, "--input", w.path("flight.txt"),
                                "--first", "7", "--json"))
    assert r.returncode == 0, r
    loop_of(r.stdout, 10, 7)
    for name, codec, count in (("s.mp4", "h264", 12), ("i.y4m", "rawvideo", 10)):
        r = run(["ffprobe", "-v", "error", "-count_frames", "-of", "json", "-show_entries",
                 "stream=codec_name,width,height,nb_read_frames,r_frame_rate", w.path(name)])
        stream = json.loads(r.stdout)["streams"][0]
        assert stream == {"codec_name": codec, "width": 160, "height": 90, "r_frame_rate": "24/1",
                          "nb_read_frames": str(count)}, stream
        assert len(means(w.path(name))) == count and min(means(w.path(name))) > 20
        assert not os.path.exists(w.path(name + ".part"))
    r = w.play(hub, *loop_words(w, "functional", "n.png", 2, "--first", "7", "--fps", "0.9"))
    assert r.returncode == 0 and "2 pictures" in r.stdout, r
    assert os.path.exists(w.path("n-0007.png")) and os.path.exists(w.path("n-0008.png"))


def case_loop_interrupt(w):
    """Ctrl-C: what is drawn is a whole video, and the hub is told that no more is wanted."""
    hub = w.hub()
    w.helper(hub, "one-h")
    with open(w.path("told"), "w") as told_to:
        player = subprocess.Popen(
            w.play_words(hub, *loop_words(w, "hybrid", "c.mp4", 5000, "--json")), stdout=told_to,
            stderr=subprocess.PIPE, text=True)
    wait_for(lambda: read(w.path("told")).count('"picture"') > 3, "some pictures")
    assert os.path.exists(w.path("c.mp4.part"))
    player.send_signal(signal.SIGINT)
    _, err = player.communicate(timeout=WAIT_S)
    out = read(w.path("told"))
    assert player.returncode == 130 and "stopped; " in err, (out, err)
    told = events_of(out)[-1]["pictures"]
    assert told > 0 and f"stopped; {told} of 5000" in err, (told, err)
    assert len(means(w.path("c.mp4"))) == told
    assert not os.path.exists(w.path("c.mp4.part"))


def case_loop_hub_gone_and_back(w):
    """Pictures go on without a hub, and light when it is there again; likewise helpers."""
    hub = w.hub("--no-own-compute")
    helper = w.helper(hub, "one-h")
    player = subprocess.Popen(w.play_words(hub, *loop_words(w, "hybrid", "g.png", 200, "--json")),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: os.path.exists(w.path("g-0003.png")), "some pictures")
    hub.kill()
    hub.wait(WAIT_S)
    first = len([n for n in os.listdir(w.folder.name) if n.startswith("g-")])
    wait_for(lambda: os.path.exists(w.path(f"g-{first + 10:04}.png")), "pictures without a hub")
    again = w.hub("--no-own-compute", port=hub.port)
    wait_for(lambda: read(helper.log).count("Ready to help") == 2, "the helper to come back", helper)
    out, err = player.communicate(timeout=WAIT_S)
    assert player.returncode == 0 and "trying for" in err, (out, err)
    assert loop_of(out, 200)["light_came"] > 2, out
    lit = [e["number"] * 2 for e in events_of(out) if e["event"] == "light"]
    assert max(lit) > first + 10, lit
    helper.kill()  # now nobody is there who could make light
    # No light that is kept: of another depth.
    r = w.play(again, *loop_words(w, "spatial", "n.y4m", 3, "--depth", "4", "--json"))
    assert r.returncode == 0, r
    assert loop_of(r.stdout, 3)["without_light"] == 3
    assert min(means(w.path("n.y4m"))) > 20


def case_loop_clear_errors(w):
    hub = w.hub()
    def told(code, out, words, *parts, split="hybrid"):
        one_line(w.play(hub, *loop_words(w, split, out, 3, *words)), code, *parts)
    told(2, "x.png", (), "--split sideways: spatial, functional", split="sideways")
    told(2, "x.mp4", ("--size", "161x90"), "x.mp4", "even")
    told(2, "x.y4m", ("--size", "160x91"), "x.y4m", "even")
    told(2, "x.mp4", ("--fps", "0.5"), "--fps from 1")
    told(2, "x.png", ("--size", "16x16"), "--size with --split")
    told(2, "x.png", ("--size", "8000x8000"), "--size with --split")
    told(2, "x.png", ("--light", "320x180"), "--light must not be larger")
    told(2, "x.png", ("--light", "33x33", "--group", "2"), "--light wants even sides")
    told(2, "x.png", ("--group", "2"), "--group is for", split="spatial")
    told(2, "", (), "this is a folder")
    told(2, "hub", (), "this is a folder")
    told(1, "no/such/x.png", (), "no/such/x.png")
    told(1, "no/such/x.mp4", (), "no/such/x.mp4")
    # A disk that is full, or as good as that.
    for name in ("x.y4m", "x.mp4", "x.png"):
        r = subprocess.run(
            ["sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "sh",
             *w.play_words(hub, *loop_words(w, "spatial", name, 60, "--size", "320x180"))],
            capture_output=True, text=True, timeout=WAIT_S, stdin=subprocess.DEVNULL)
        one_line(r, 1, "File too large", "x")
        assert not [n for n in os.listdir(w.folder.name) if n.startswith("x.") or ".part" in n]
    assert hub.poll() is None


main(globals())
