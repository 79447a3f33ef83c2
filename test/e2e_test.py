#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole runs of the real program over loopback: hub, helpers and gamer as separate processes.

usage: e2e_test.py CASE SHOAL RENDER     (CASE: a function's name without `case_`)
"""
import base64
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

CASE, SHOAL, RENDER = sys.argv[1:4]
WAIT_S = 90


class World:
    """Processes and folders of one case; everything is stopped and removed at its end."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="shoal-e2e-")
        self.processes = []

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, name, *words):
        log = open(self.path(name + ".log"), "w")
        p = subprocess.Popen([SHOAL, *words, "--state", self.path(name)], stdout=log,
                             stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        p.log = log.name
        self.processes.append(p)
        return p

    def hub(self, *words, port=0, name="hub"):
        p = self.start(name, "hub", "--listen", f"127.0.0.1:{port}", *words)
        wait_for(lambda: "listening on" in read(p.log), "the hub to listen", p)
        p.port = int(read(p.log).split("listening on 127.0.0.1:")[1].split()[0])
        return p

    def helper(self, hub, name, *words):
        p = self.start(name, "helper", "--hub", f"127.0.0.1:{hub.port}", "--slots", "1",
                       "--peer-id", name, *words)
        wait_for(lambda: "Ready to help" in read(p.log), f"{name} to be ready", p)
        return p

    def play_words(self, hub, *words):
        return [SHOAL, "play", "--hub", f"127.0.0.1:{hub.port}", "--state", self.path("gamer"),
                "--token-file", self.path("hub/token"), *words]

    def play(self, hub, *words):
        return run(self.play_words(hub, *words))

    def end(self):
        children = [c for p in self.processes for c in descendants(p.pid)]
        for p in self.processes:
            if p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.terminate()
        for p in self.processes:
            p.wait(WAIT_S)
        wait_for(lambda: not any(alive(c) for c in children), "all workers to be gone")
        self.folder.cleanup()


def run(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=WAIT_S,
                          stdin=subprocess.DEVNULL)


def read(path, mode="r"):
    with open(path, mode) as f:
        return f.read()


def wait_for(condition, what, process=None):
    end = time.monotonic() + WAIT_S
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"waiting for {what}: the process ended: {read(process.log)}")
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.02)


def alive(pid):
    try:
        return read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid):
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(read(f"/proc/{entry}/stat").rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(entry), *descendants(int(entry))]
    return found


def same_as_one_process(w, scene, size, samples):
    """The linear layers and the PNG of the last play equal those of one process, byte for byte."""
    one = run([RENDER, scene, size, samples, w.path("one.png"), "--layers", w.path("one")])
    assert one.returncode == 0, one
    for name in ("-direct.pfm", "-indirect.pfm", ".png"):
        assert read(w.path("many" + name), "rb") == read(w.path("one" + name), "rb"), name


def one_line(result, code, *parts):
    """The command ended with this code and one clear line."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode == code, (result.returncode, result)
    assert len([x for x in lines if x.startswith("shoal: ")]) == 1, lines
    assert len(lines) <= 2, lines
    for part in parts:
        assert part in lines[0], (part, lines)


def many(w, *words):
    return ["--out", w.path("many.png"), "--layers", w.path("many"), *words]


def case_frame_equals_one_process(w):
    hub = w.hub()
    for name in ("one-h", "two-h", "three-h"):
        w.helper(hub, name)
    r = w.play(hub, *many(w, "--scene", "cornell", "--size", "96x72", "--spp", "8", "--table"))
    assert r.returncode == 0, r
    assert "pixels redone" in r.stdout and "0 wrong" in r.stdout, r.stdout
    same_as_one_process(w, "cornell", "96x72", "8")


def case_helper_killed_in_mid_frame(w):
    hub = w.hub()
    helpers = [w.helper(hub, n) for n in ("one-h", "two-h", "three-h")]
    player = subprocess.Popen(w.play_words(hub, *many(w, "--scene", "neon-street", "--size",
                                                      "320x180", "--spp", "8", "--json")),
                              stdout=subprocess.PIPE, text=True)
    wait_for(lambda: "  tile" in read(hub.log), "the first tile", hub)
    workers = descendants(helpers[0].pid)
    helpers[0].kill()
    out, _ = player.communicate(timeout=WAIT_S)
    assert player.returncode == 0, out
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["event"] == "frame" and events[-1]["retries"] >= 1, events[-1]
    assert max(e["attempts"] for e in events if e["event"] == "tile") >= 2
    wait_for(lambda: not any(alive(p) for p in workers), "workers of a killed helper to be gone")
    same_as_one_process(w, "neon-street", "320x180", "8")


def case_helper_frozen_in_mid_frame(w):
    hub = w.hub()
    helpers = [w.helper(hub, n) for n in ("one-h", "two-h")]
    player = subprocess.Popen(w.play_words(hub, *many(w, "--scene", "cornell", "--size", "256x192",
                                                      "--spp", "32")),
                              stdout=subprocess.PIPE, text=True)
    wait_for(lambda: "  tile" in read(hub.log), "the first tile", hub)
    for pid in [helpers[0].pid, *descendants(helpers[0].pid)]:
        os.kill(pid, signal.SIGSTOP)
    out, _ = player.communicate(timeout=WAIT_S)
    for pid in [helpers[0].pid, *descendants(helpers[0].pid)]:
        os.kill(pid, signal.SIGCONT)
    assert player.returncode == 0, out
    same_as_one_process(w, "cornell", "256x192", "32")


def case_hub_alone(w):
    hub = w.hub()
    r = w.play(hub, *many(w, "--scene", "cornell", "--size", "64x48", "--spp", "4", "--table"))
    assert r.returncode == 0 and "by the hub itself" in r.stdout, r
    same_as_one_process(w, "cornell", "64x48", "4")


def case_worker_killed_costs_one_task(w):
    hub = w.hub()
    helper = w.helper(hub, "one-h")
    other = w.helper(hub, "two-h")
    player = subprocess.Popen(w.play_words(hub, *many(w, "--scene", "cornell", "--size", "256x192",
                                                      "--spp", "32")),
                              stdout=subprocess.PIPE, text=True)
    wait_for(lambda: "  tile" in read(hub.log), "the first tile", hub)
    nursery = descendants(helper.pid)
    os.kill(nursery[-1], signal.SIGKILL)  # the worker is the nursery's child
    out, _ = player.communicate(timeout=WAIT_S)
    assert player.returncode == 0, out
    assert helper.poll() is None and other.poll() is None
    same_as_one_process(w, "cornell", "256x192", "32")


def case_frames_and_mesh(w):
    with open(w.path("tri.mtl"), "w") as f:
        f.write("newmtl lamp\nKd 0.8 0.8 0.8\nKe 2 1 1\n")
    with open(w.path("tri.obj"), "w") as f:
        f.write("mtllib tri.mtl\nusemtl lamp\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
                "f 1 2 3\nf 1 3 4\nf 1 2 4\n")
    hub = w.hub()
    w.helper(hub, "one-h")
    r = w.play(hub, "--scene", w.path("tri.obj"), "--size", "40x30", "--spp", "4", "--frames",
               "3", "--out", w.path("m.png"), "--json")
    assert r.returncode == 0, r
    frames = [e for e in map(json.loads, r.stdout.splitlines()) if e["event"] == "frame"]
    assert sorted(e["frame"] for e in frames) == [0, 1, 2], frames
    for i in range(3):
        assert read(w.path(f"m-000{i}.png"), "rb").startswith(b"\x89PNG")


def case_clear_errors(w):
    hub = w.hub()
    w.helper(hub, "one-h")
    one_line(w.play(hub, "--scene", "atlantis"), 2, "atlantis", "neon-street")
    with open(w.path("cut.obj"), "w") as f:
        f.write("v 0 0 0\nv 1 0 0\nv 0 1")
    one_line(w.play(hub, "--scene", w.path("cut.obj")), 1, "cut.obj")
    with open(w.path("bad-token"), "w") as f:
        f.write("wrong\n")
    one_line(run([SHOAL, "play", "--hub", f"127.0.0.1:{hub.port}", "--state", w.path("g"),
                  "--token-file", w.path("bad-token"), "--scene", "cornell"]), 1, "wrong token")
    one_line(run([SHOAL, "hub", "--listen", f"127.0.0.1:{hub.port}", "--state", w.path("h2")]), 1,
             f"127.0.0.1:{hub.port}", "already in use")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        free = s.getsockname()[1]
    one_line(run([SHOAL, "play", "--hub", f"127.0.0.1:{free}", "--state", w.path("g"), "--scene",
                  "cornell"]), 1, f"127.0.0.1:{free}", "refused")
    one_line(w.play(hub, "--spp", "0"), 2, "--spp 0: must be 1..65536")
    one_line(w.play(hub, "--scnee", "x"), 2, "did you mean --scene")
    one_line(w.play(hub, "--scene", "cornell", "--size", "8x8", "--spp", "1", "--out",
                    w.path("no/such/folder.png")), 1, "no/such/folder.png")
    assert not os.path.exists(w.path("no"))
    r = run([SHOAL, "paly"])
    assert r.returncode == 2 and "did you mean play" in r.stderr, r
    assert hub.poll() is None


def websocket(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
    key = base64.b64encode(os.urandom(16)).decode()
    s.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += s.recv(4096)
    assert b" 101 " in head.split(b"\r\n")[0], head
    return s


def frame(opcode, payload):
    mask = os.urandom(4)
    head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload)) + mask
    return head + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def hangs_up(s):
    """The other side ends it, whatever it says before, once we have nothing more to say."""
    s.shutdown(socket.SHUT_WR)
    while s.recv(65536):
        pass
    s.close()


def case_malformed_frames(w):
    hub = w.hub()
    w.helper(hub, "one-h")
    for payload in (frame(1, b"hello?"), frame(2, b"\x82\x02\x01"), frame(2, b""), frame(2, b"\xff" * 99),
                    b"\x82\x05hello",                # not masked
                    b"\xf2\x80\x00\x00\x00\x00",     # reserved bits
                    b"\x82\xff" + b"\xff" * 8,       # a message of 2^63 bytes and more
                    b"\x89\xfe\x01\x00" + b"\0" * 260):  # a ping that is too long
        s = websocket(hub.port)
        s.sendall(payload)
        hangs_up(s)
    s = socket.create_connection(("127.0.0.1", hub.port), timeout=WAIT_S)
    s.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    hangs_up(s)
    health = urllib.request.urlopen(f"http://127.0.0.1:{hub.port}/healthz", timeout=WAIT_S)
    assert health.read() == b"ok\n"
    r = w.play(hub, "--scene", "cornell", "--size", "32x24", "--spp", "2", "--out",
               w.path("x.png"))
    assert r.returncode == 0, r


def case_interrupt(w):
    hub = w.hub()
    w.helper(hub, "one-h")
    player = subprocess.Popen(w.play_words(hub, "--scene", "cornell", "--size", "800x600", "--spp",
                                           "256", "--out", w.path("never.png")),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: "frame 0" in read(hub.log), "the frame to begin", hub)
    player.send_signal(signal.SIGINT)
    out, err = player.communicate(timeout=WAIT_S)
    assert player.returncode == 130 and "0 of 1 frames are saved" in err, (out, err)
    assert not os.path.exists(w.path("never.png"))
    wait_for(lambda: "is gone" in read(hub.log), "the hub to notice", hub)
    r = w.play(hub, "--scene", "cornell", "--size", "32x24", "--spp", "2", "--out",
               w.path("x.png"))  # helpers were told to stop: they are free again
    assert r.returncode == 0, r
    hub.send_signal(signal.SIGINT)
    assert hub.wait(WAIT_S) == 0


def case_hub_gone_and_back(w):
    hub = w.hub()
    helper = w.helper(hub, "one-h")
    player = subprocess.Popen(w.play_words(hub, "--scene", "cornell", "--size", "800x600", "--spp",
                                           "256", "--out", w.path("never.png")),
                              stderr=subprocess.PIPE, text=True)
    wait_for(lambda: "frame 0" in read(hub.log), "the frame to begin", hub)
    hub.kill()
    _, err = player.communicate(timeout=WAIT_S)
    assert player.returncode == 1 and len(err.strip().splitlines()) == 1, err
    again = w.hub(port=hub.port)
    wait_for(lambda: read(helper.log).count("Ready to help") == 2, "the helper to come back",
             helper)
    r = w.play(again, "--scene", "cornell", "--size", "32x24", "--spp", "2", "--out",
               w.path("x.png"))
    assert r.returncode == 0, r


def case_tls_and_first_contact(w):
    hub = w.hub("--tls")
    w.helper(hub, "one-h", "--tls")
    words = ["--tls", "--scene", "cornell", "--size", "32x24", "--spp", "2", "--out",
             w.path("x.png")]
    first = w.play(hub, *words)
    assert first.returncode == 0 and "First contact" in first.stderr, first
    assert w.play(hub, *words).stderr == ""
    hub.terminate()
    hub.wait(WAIT_S)
    other = w.hub("--tls", port=hub.port, name="impostor")
    r = run([SHOAL, "play", "--hub", f"127.0.0.1:{other.port}", "--state", w.path("gamer"),
             "--token-file", w.path("impostor/token"), *words])
    one_line(r, 1, "another certificate")
    plain = run([SHOAL, "play", "--hub", f"127.0.0.1:{other.port}", "--state", w.path("gamer"),
                 "--scene", "cornell"])
    assert plain.returncode == 1, plain


def case_help_and_pages(w):
    for command in ("hub", "helper", "play"):
        r = run([SHOAL, command, "--help"])
        assert r.returncode == 0 and f"usage: shoal {command}" in r.stdout, r
        assert all(len(line) <= 80 for line in r.stdout.splitlines()), r.stdout
        assert run([SHOAL, "man", command]).stdout.startswith(".TH")
    assert run([SHOAL]).returncode == 2
    assert run([SHOAL, "--version"]).stdout.startswith("shoal ")
    assert "complete" in run([SHOAL, "completion"]).stdout
    with open(w.path("conf"), "w") as f:
        f.write("# a comment\nspp = 0\n")
    one_line(run([SHOAL, "play", "--config", w.path("conf")]), 2, "conf: line 2: spp 0")


def main():
    world = World()
    try:
        globals()["case_" + CASE](world)
    except BaseException:
        for p in world.processes:
            print(f"--- {p.log}\n{read(p.log)}", file=sys.stderr)
        raise
    finally:
        world.end()


main()
