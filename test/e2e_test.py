#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole runs of the real program over loopback: hub, helpers and gamer as separate processes."""
import base64
import json
import math
import os
import re
import signal
import socket
import struct
import subprocess
import urllib.request
import xml.etree.ElementTree

from e2e_world import (SHOAL, RENDER, WAIT_S, alive, descendants, main, one_line, read, run,
                       wait_for)


def same_as_one_process(w, scene, size, samples):
    """The linear layers and the PNG of the last play equal those of one process, byte for byte."""
    one = run([RENDER, scene, size, samples, w.path("one.png"), "--layers", w.path("one")])
    assert one.returncode == 0, one
    for name in ("-direct.pfm", "-indirect.pfm", ".png"):
        assert read(w.path("many" + name), "rb") == read(w.path("one" + name), "rb"), name


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
    one_line(w.play(hub, "--scene", w.path("none.obj")), 1, "none.obj: No such file")
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


def websocket(port, path="/v1"):
    s = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
    key = base64.b64encode(os.urandom(16)).decode()
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += s.recv(4096)
    assert b" 101 " in head.split(b"\r\n")[0], head
    return s


def frame(opcode, payload):
    mask = os.urandom(4)
    if len(payload) < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload)) + mask
    else:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, len(payload)) + mask
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
                                           "16", "--patience", "0", "--out", w.path("never.png")),
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


def case_hub_killed_in_mid_frame(w):
    """kill -9 of the hub: started again, it goes on where it was, and nothing comes twice."""
    hub = w.hub()
    helper = w.helper(hub, "one-h")
    player = subprocess.Popen(
        w.play_words(hub, "--scene", "cornell", "--size", "320x180", "--spp", "64", "--tiles", "24",
                     "--json", "--layers", w.path("many"), "--out", w.path("many.png")),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: read(hub.log).count("  tile ") >= 3, "some tiles", hub)
    hub.kill()
    hub.wait(WAIT_S)
    done = read(hub.log).count("  tile ")
    again = w.hub(port=hub.port)
    out, err = player.communicate(timeout=WAIT_S)
    assert player.returncode == 0 and "trying for" in err, (out, err)
    tiles = [e["tile"] for e in map(json.loads, out.splitlines()) if e["event"] == "tile"]
    assert sorted(tiles) == list(range(24)), tiles
    same_as_one_process(w, "cornell", "320x180", "64")
    status = json.load(urllib.request.urlopen(f"http://127.0.0.1:{again.port}/status"))
    assert status["restored"] == 1 and status["frames_done"] == 1, status
    made = read(again.log).count("  tile ")
    assert made <= 24 - done + 4, (done, made)  # what the last milliseconds held is made again
    wait_for(lambda: read(helper.log).count("Ready to help") == 2, "the helper to come back", helper)


class Json:
    """A client of the JSON vocabularies: whole text messages."""

    def __init__(self, port):
        self.socket = websocket(port, "/")
        self.file = self.socket.makefile("rb")

    def say(self, message):
        self.socket.sendall(frame(1, json.dumps(message).encode()))

    def hear(self):
        while True:
            first, length = self.file.read(2)
            if length == 126:
                length = struct.unpack("!H", self.file.read(2))[0]
            payload = self.file.read(length)
            if first == 0x81:
                return json.loads(payload)
            assert first == 0x89, (first, payload)  # a ping

    def close(self):
        self.file.close()
        self.socket.close()


def seed_vocabulary(port, token):
    """A gamer and a helper of the first vocabulary of doc/vocabulary.md."""
    helper, gamer = Json(port), Json(port)
    helper.say({"type": "register_peer", "peer_id": "ann"})
    assert helper.hear()["type"] == "registered"
    gamer.say({"type": "register_gamer", "gamer_id": "gus", "token": token})
    assert gamer.hear()["type"] == "registered"
    task = {"type": "submit_task", "task_id": "mine", "task": {"type": "echo", "data": {"n": [1, "\u00e4"]}}}
    for is_first in (True, False):
        gamer.say(task)
        if is_first:
            asked = helper.hear()
            assert asked["type"] == "execute_task" and asked["task_type"] == "echo", asked
            helper.say({"type": "task_result", "task_id": asked["task_id"],
                                    "result": asked["task_data"], "processing_time_ms": 1.5})
        answer = gamer.hear()
        assert answer["type"] == "task_result" and answer["status"] == "completed", answer
        assert answer["task_id"] == "mine" and answer["result"] == task["task"]["data"], answer
        assert answer.get("cached", False) is not is_first, answer
    gamer.say({"type": "submit_task", "task_id": "x", "task": {"type": "magic"}})
    answer = gamer.hear()
    assert answer["status"] == "error" and answer["task_id"] == "x", answer
    helper.close()
    gamer.close()


def net_vocabulary(port, token):
    """The same in the second one; the helper fails, so the hub does it itself."""
    def say(ws, kind, **data):
        ws.say({"msg_type": kind, "msg_id": "1", "timestamp": 0, "data": data})

    def hear(ws, kind):
        while True:
            m = ws.hear()
            if m["msg_type"] == kind:
                return m["data"]

    helper, gamer = Json(port), Json(port)
    say(helper, "register_peer", peer_id="bob", capabilities={"cpu_cores": 2})
    hear(helper, "registration_ack")
    say(gamer, "register_user", user_id="gil", token=token)
    hear(gamer, "registration_ack")
    say(gamer, "task_request", task_id="t1", task_data={"type": "echo", "x": 1}, requirements={})
    asked = hear(helper, "task_assignment")
    say(helper, "task_failure", task_id=asked["task_id"], peer_id="bob", error="out of order")
    answer = hear(gamer, "task_result")
    assert answer["task_id"] == "t1" and answer["result"] == {"type": "echo", "x": 1}, answer
    helper.close()
    gamer.close()


def case_json_vocabularies(w):
    hub = w.hub()
    token = read(w.path("hub/token")).strip()
    seed_vocabulary(hub.port, token)
    net_vocabulary(hub.port, token)
    eve = Json(hub.port)
    eve.say({"type": "register_gamer", "gamer_id": "eve", "token": "guess"})
    assert "wrong token" in eve.hear()["message"]
    eve.close()
    assert token not in read(hub.log)


def case_metrics(w):
    hub = w.hub()
    w.helper(hub, "one-h")
    assert w.play(hub, "--scene", "cornell", "--size", "32x24", "--spp", "2", "--tiles", "3",
                  "--out", w.path("x.png")).returncode == 0
    page = urllib.request.urlopen(f"http://127.0.0.1:{hub.port}/metrics", timeout=WAIT_S)
    assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = page.read().decode().splitlines()
    assert "shoal_hub_tiles_done_total 3" in lines and "shoal_hub_helpers 1" in lines, lines
    assert any(line.startswith('shoal_hub_work_seconds{quantile="0.99"}') for line in lines), lines


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


def doctor(w, port, *words):
    return run([SHOAL, "doctor", "--hub", f"127.0.0.1:{port}", "--state", w.path("gamer"), *words])


def checks(result):
    """The lines of a check-up with --json: what each says, by its check."""
    found = {c["check"]: c for c in map(json.loads, result.stdout.splitlines())}
    assert result.returncode == (1 if found["all"]["result"] == "fail" else 0), result
    assert all("fix" in c for c in found.values() if c["result"] == "fail" and c["check"] != "all")
    return found


def case_doctor_good_hub(w):
    hub = w.hub()
    w.helper(hub, "attic")
    token = ("--token-file", w.path("hub/token"))
    r = doctor(w, hub.port, *token)
    assert r.returncode == 0 and r.stderr == "" and "FAIL" not in r.stdout, r
    assert "by attic" in r.stdout and "\033" not in r.stdout, r
    for line in r.stdout.splitlines()[:-2]:  # columns that stand under one another
        assert re.match(r"(ok  |WARN|-   |    )  (->|[a-z]{1,10}) +(?<=^.{18})\S", line), line
    found = checks(doctor(w, hub.port, *token, "--json"))
    for check in ("name", "connection", "encryption", "health", "protocol", "gamer", "helpers",
                  "echo", "rate", "sandbox", "kernels", "processor"):
        assert found[check]["result"] in ("ok", "warn"), found[check]
    assert found["helpers"]["helpers"] == 1
    assert 0 < found["echo"]["p50_ms"] <= found["echo"]["p95_ms"] < 10000, found["echo"]
    assert found["rate"]["bytes_s"] > 100000, found["rate"]
    assert found["kernels"]["units_s"] > 0
    assert hub.poll() is None


def case_doctor_no_helper(w):
    hub = w.hub()
    r = doctor(w, hub.port, "--token-file", w.path("hub/token"))
    assert r.returncode == 0 and "by the hub itself" in r.stdout, r
    assert "WARN  helpers" in r.stdout and "shoal helper --hub" in r.stdout, r


def case_doctor_wrong_token(w):
    hub = w.hub()
    with open(w.path("bad-token"), "w") as f:
        f.write("wrong\n")
    r = doctor(w, hub.port, "--token-file", w.path("bad-token"))
    assert r.returncode == 1 and "FAIL  gamer" in r.stdout and "--token-file" in r.stdout, r
    assert "WARN  helpers" in r.stdout and "there and back" not in r.stdout, r
    found = checks(doctor(w, hub.port, "--token-file", w.path("no-such-file"), "--json"))
    assert found["token"]["result"] == "fail" and "no-such-file" in found["token"]["text"], found
    assert found["gamer"]["result"] == "fail" and found["sandbox"]["result"] != "fail", found


def case_doctor_no_hub(w):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    r = doctor(w, port)
    assert r.returncode == 1 and "FAIL  connection" in r.stdout and "refused" in r.stdout, r
    assert f"shoal hub --listen 127.0.0.1:{port}" in r.stdout, r
    assert "sandbox" in r.stdout, r  # this machine is looked at nevertheless
    found = checks(run([SHOAL, "doctor", "--hub", "no-such-hub.invalid", "--state",
                        w.path("gamer"), "--timeout", "3", "--json"]))
    assert found["name"]["result"] == "fail" and "connection" not in found, found
    for words in (("--timeout", "0"), ("--hub", "a:b:c"), ("--tokn-file", "x")):
        r = run([SHOAL, "doctor", "--state", w.path("gamer"), *words])
        assert r.returncode == 2 and r.stdout == "", r


def case_doctor_some_other_server(w):
    """Talks, but is no hub: says something else, nothing, or is a web server."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        for answer, check in ((b"220 mail\r\n", "encryption"), (b"", "encryption"),
                              (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n"
                               b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", "health")):
            p = subprocess.Popen([SHOAL, "doctor", "--hub", f"127.0.0.1:{port}", "--state",
                                  w.path("gamer"), "--timeout", "1", "--json"],
                                 stdout=subprocess.PIPE, text=True)
            s.settimeout(0.1)
            held = []
            while p.poll() is None:
                try:
                    held.append(s.accept()[0])
                    held[-1].sendall(answer)
                except TimeoutError:
                    pass
            found = checks(subprocess.CompletedProcess([], p.returncode, p.stdout.read()))
            assert found[check]["result"] == "fail", found
            assert "protocol" not in found and "sandbox" in found, found
            assert check != "health" or found["clock"]["result"] == "warn", found
            for c in held:
                c.close()
        # Ctrl-C ends it at once, whatever it waits for.
        p = subprocess.Popen([SHOAL, "doctor", "--hub", f"127.0.0.1:{port}", "--state",
                              w.path("gamer"), "--timeout", "600"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        s.settimeout(WAIT_S)
        held = s.accept()
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=WAIT_S)
        assert p.returncode == 130 and err == "shoal: stopped\n", (out, err)
        held[0].close()


def case_doctor_tls(w):
    hub = w.hub("--tls")
    w.helper(hub, "one-h", "--tls")
    words = ("--token-file", w.path("hub/token"))
    found = checks(doctor(w, hub.port, *words, "--json"))
    assert found["encryption"]["result"] == "fail", found
    assert "say --tls" in found["encryption"]["fix"], found
    found = checks(doctor(w, hub.port, *words, "--tls", "--json"))
    print_of = read(hub.log).split("certificate ")[1].split()[0]
    assert found["encryption"]["result"] == "warn", found
    assert print_of in found["encryption"]["text"], found
    assert found["echo"]["result"] != "fail", found
    assert checks(doctor(w, hub.port, *words, "--tls", "--json"))["encryption"]["result"] == "ok"
    hub.terminate()
    hub.wait(WAIT_S)
    other = w.hub("--tls", port=hub.port, name="impostor")
    found = checks(doctor(w, other.port, *words, "--tls", "--json"))
    assert found["encryption"]["result"] == "fail" and "protocol" not in found, found
    assert "known_hubs" in found["encryption"]["fix"], found
    other.terminate()
    other.wait(WAIT_S)
    plain = w.hub(port=hub.port, name="plain")
    found = checks(doctor(w, plain.port, *words, "--tls", "--json"))
    assert "--no-tls" in found["encryption"]["fix"] and "protocol" not in found, found


def case_help_and_pages(w):
    for command in ("hub", "helper", "play", "node", "dht", "store", "doctor", "sim", "demo",
                    "bench"):
        r = run([SHOAL, command, "--help"])
        assert r.returncode == 0 and f"usage: shoal {command}" in r.stdout, r
        assert all(len(line) <= 80 for line in r.stdout.splitlines()), r.stdout
        assert run([SHOAL, "help", command]).stdout == r.stdout
        assert run([SHOAL, "man", command]).stdout.startswith(".TH")
    assert run([SHOAL]).returncode == 2
    assert run([SHOAL, "help", "paly"]).returncode == 2
    with open("/dev/full", "w") as full:  # what cannot be told is a failure
        r = subprocess.run([SHOAL, "play", "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    one_line(r, 1, "standard output")
    nobody, end = os.pipe()  # who does not want to hear it all: that is none
    os.close(nobody)
    r = subprocess.run([SHOAL, "play", "--help"], stdout=end, stderr=subprocess.PIPE, text=True)
    os.close(end)
    assert r.returncode == 0 and r.stderr == "", r
    assert run([SHOAL, "--version"]).stdout.startswith("shoal ")
    assert "complete" in run([SHOAL, "completion"]).stdout
    with open(w.path("conf"), "w") as f:
        f.write("# a comment\nspp = 0\n")
    one_line(run([SHOAL, "play", "--config", w.path("conf")]), 2, "conf: line 2: spp 0")
    one_line(run([SHOAL, "hub", "--cert", "x", "--state", w.path("s")]), 2, "--cert and --key")
    one_line(run([SHOAL, "hub", "--cert", "x", "--key", "y", "--state", w.path("s")]), 1, "x for TLS")


def case_recorded_input(w):
    """Frames are seen from where the hub says that the player flew to."""
    hub = w.hub()
    recording, picture = w.path("flight.txt"), w.path("f.png")
    words = ("--scene", "cornell", "--size", "16x12", "--spp", "1", "--frames", "3", "--fps", "10",
             "--out", picture, "--input", recording, "--json")
    with open(recording, "w", newline="") as f:  # right, from the fifth on back
        f.write("# MS RIGHT UP AHEAD TURN TILT\r\n" + "25 0.5 0 0 0 0\r\n" * 4 +
                "25 -1 0 0 0 0\n" * 8)
    r = w.play(hub, *words)
    assert r.returncode == 0, r
    events = map(json.loads, r.stdout.splitlines())
    planned = sorted((e for e in events if e["event"] == "planned"), key=lambda e: e["frame"])
    assert [e["frame"] for e in planned] == [0, 1, 2], planned
    assert [e["input"] for e in planned] == [0, 4, 8], planned  # 0, 100 and 200 ms of them
    eyes = [e["eye"] for e in planned]
    assert 0.29 < math.dist(eyes[0], eyes[1]) < 0.31, eyes  # m: 6 m/s at full speed
    assert 0.29 < math.dist(eyes[0], eyes[2]) < 0.31, eyes
    assert 0.59 < math.dist(eyes[1], eyes[2]) < 0.61, eyes
    pictures = {read(w.path(f"f-000{i}.png"), "rb") for i in range(3)}
    assert len(pictures) == 3

    def refused(text, *parts):
        with open(recording, "w") as f:
            f.write(text)
        r = w.play(hub, *words)
        one_line(r, 1, "flight.txt: ", *parts)
        assert r.stdout == "", r

    refused("25 0 0 1 0 0\n# x\n25 0 0 nan 0 0\n", "line 3", "AHEAD", "-1 to 1")
    refused("25 0 0 1 0\n", "line 1", "TILT is missing")
    refused("25 0 0 1 0 0\n" * 100001, "line 100001", "more than 100000 steps")
    os.remove(recording)
    one_line(w.play(hub, *words), 1, "flight.txt")
    assert hub.poll() is None


def case_scheduler_against_random(w):
    """Whatever the pool is like: never worse than dice, and far better where there is a choice."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenario")
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    assert len(files) == 6, files
    r = run([SHOAL, "sim", "sched", "--policy", "shoal", "--runs", "3", "--json", *files])
    assert r.returncode == 0, r
    rows = [json.loads(line) for line in r.stdout.splitlines()]
    assert [x["policy"] for x in rows] == ["random", "shoal", "full-sight"] * 6, rows
    better = []
    for dice, ours, _ in zip(rows[::3], rows[1::3], rows[2::3]):
        for figure in ("mean_ms", "p99_ms", "late", "never"):
            assert ours[figure] <= dice[figure], (figure, ours, dice)
        assert ours["wasted"] <= dice["wasted"] + 0.05, (ours, dice)
        assert 0.74 <= ours["coverage"] <= 0.86, ours
        better.append(1 - ours["mean_ms"] / dice["mean_ms"])
    assert min(better) >= 0.15 and sorted(better)[3] >= 0.4, better
    r = run([SHOAL, "sim", "sched", "--policy", "shoal", "--runs", "1", "--trees", "--json", files[0]])
    assert r.returncode == 0, r
    dice, ours, _ = [json.loads(line) for line in r.stdout.splitlines()]
    assert ours["mean_ms"] <= dice["mean_ms"] and 0.74 <= ours["coverage"] <= 0.86, (ours, dice)
    one_line(run([SHOAL, "sim", "sched"]), 2, "SCENARIO is missing")
    one_line(run([SHOAL, "sim", "sched", "--policy", "best", files[0]]), 2, "best", "no such")
    one_line(run([SHOAL, "sim", "sched", w.path("none.json")]), 1, "none.json")
    with open(w.path("bad.json"), "w") as f:
        f.write(read(files[0]).replace('"n_tasks"', '"n_task"'))
    one_line(run([SHOAL, "sim", "sched", w.path("bad.json")]), 1, "bad.json", "n_tasks")


def case_decisions_once_more(w):
    """What a hub's scheduler decided among real helpers, its copy decides again."""
    trace = w.path("trace.jsonl")
    hub = w.hub("--trace", trace)
    for name in ("ann", "bob", "cis"):
        w.helper(hub, name)
    r = w.play(hub, *many(w, "--scene", "cornell", "--size", "96x72", "--spp", "8"))
    assert r.returncode == 0, r
    hub.terminate()
    assert hub.wait(WAIT_S) == 0
    r = run([SHOAL, "sim", "sched", "--replay", trace])
    assert r.returncode == 0 and "all the same" in r.stdout, r
    lines = read(trace).splitlines()
    orders = [i for i, x in enumerate(lines) if json.loads(x)["is"] == "assign"]
    assert len(orders) >= 5, lines
    other = json.loads(lines[orders[-1]])
    other["helper"] += 1
    lines[orders[-1]] = json.dumps(other)
    with open(trace, "w") as f:
        f.write("\n".join(lines) + "\n")
    one_line(run([SHOAL, "sim", "sched", "--replay", trace]), 1, f"line {orders[-1] + 1}", "ordered")
    one_line(run([SHOAL, "sim", "sched", "--replay", w.path("none")]), 1, "none")
    one_line(run([SHOAL, "sim", "sched", "--replay", trace, "--stdio"]), 2, "--replay")
    one_line(run([SHOAL, "hub", "--policy", "best", "--state", w.path("other")]), 2, "best")
    one_line(run([SHOAL, "hub", "--trace", w.path("no/file"), "--listen", "127.0.0.1:0", "--state",
                  w.path("other")]), 1, "no/file")


def case_scheduler_in_lines(w):
    """Another simulator's events in, our orders out."""
    start = {"ev": "start", "t": 0, "max_attempts": 3, "give_up_ms": 1000,
             "types": [{"name": "a", "deadline_ms": 50}],
             "peers": [{"id": i, "cls": "x", "slots": 1, "ping_ms": 10 + i, "can": ["a"],
                        "claims_reliability": 0.9} for i in range(2)]}
    task = {"ev": "task", "t": 1, "task": 7, "type": "a", "size": 1, "deadline_ms": 50}

    def talk(*events):
        return subprocess.run([SHOAL, "sim", "sched", "--stdio"], capture_output=True, text=True,
                              input="".join(json.dumps(e) + "\n" for e in events), timeout=WAIT_S)

    r = talk(start, task, {"ev": "timer", "t": 1, "tag": 0},
             {"ev": "result", "t": 30, "task": 7, "peer": 0, "ok": False, "total_ms": 29,
              "work_ms": 15})
    assert r.returncode == 0, r
    orders = [json.loads(line) for line in r.stdout.splitlines()]
    assigns = [o for o in orders if o["op"] == "assign"]
    assert {o["peer"] for o in assigns} == {0, 1} and all(o["task"] == 7 for o in assigns), orders
    assert all(low <= middle <= high for middle, low, high in (o["pred"] for o in assigns)), orders
    assert [o["op"] for o in orders].count("done") == 4 and orders[0]["op"] == "done", orders
    assert talk({**start, "start_hour": 23.5, "day_ms": 60000}, task).returncode == 0
    assert talk({**start, "start_hour": 25}, task).returncode != 0
    one_line(talk(task), 1, "line 1")
    one_line(talk(start, {**task, "type": "b"}), 1, "line 2")
    one_line(talk(start, task, {**task, "t": 0.5, "task": 8}), 1, "line 3")


def start_demo(w, *words):
    env = {**os.environ, "TMPDIR": w.path("tmp")}
    os.makedirs(w.path("tmp"), exist_ok=True)
    return subprocess.Popen([SHOAL, "demo", "learning", *words], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def demo_offspring(p):
    wait_for(lambda: len(descendants(p.pid)) > 8, "helpers and their workers")
    return descendants(p.pid)


def case_demo_learning(w):
    """The same load on real helpers under three policies, then flights: tables, a drawing, nothing
    left."""
    drawing = w.path("learning.svg")
    p = start_demo(w, "--quick", "--out", drawing)
    offspring = demo_offspring(p)
    out, err = p.communicate(timeout=3 * WAIT_S)
    assert p.returncode == 0 and err == "", (out, err)
    row = re.compile(r"^ *(random|round-robin|shoal|phase \d)(?:: \w+ \w+)? {2,}([\d. ]+)$", re.M)
    rows = [(name, *figures.split()) for name, figures in row.findall(out)]
    assert [r[0] for r in rows] == ["random", "round-robin", "shoal", "phase 1", "phase 2"], out
    tasks = [int(r[1]) for r in rows]
    assert tasks[:3] == [60] * 3 and tasks[3] + tasks[4] == 60, out
    for _, count, mean, p50, p99, late, percent, *_ in rows:
        assert 1 < float(p50) <= float(p99) and 1 < float(mean), out
        assert abs(float(percent) - 100 * int(late) / int(count)) < 0.1, out
    row = re.compile(r"^(spatial|functional|pipeline|hybrid|auto(?: \(random\))?) {2,}([\d. ]+)"
                     r"(?:  cut)?$", re.M)
    flights = [(name, [float(x) for x in figures.split()]) for name, figures in row.findall(out)]
    assert [f[0] for f in flights] == ["spatial", "functional", "pipeline", "hybrid", "auto",
                                       "auto (random)"], out
    for _, (pictures, light, p50, p99, _, mbit, failed, late, *cpu, _, real) in flights:
        assert 0 < pictures and 0 < light and 0 < p50 <= p99 and 0 < mbit and 0 < min(cpu), out
        assert failed == 0 and 0 <= late <= 100 and 0 < real, out
    lit = [sum(int(n) for n in re.findall(r"(\d+) (?:spatial|functional|pipeline|hybrid)", line))
           for line in re.findall(r"^auto under \w+ asked for (.*) light frames$", out, re.M)]
    assert len(lit) == 2 and min(lit) > 0, out
    top = xml.etree.ElementTree.parse(drawing).getroot()
    kinds = [e.tag.rsplit("}", 1)[1] for e in top.iter()]
    assert kinds[0] == "svg" and kinds.count("circle") >= sum(tasks[:3]) + len(flights), drawing
    assert 6 < kinds.count("polyline") <= 6 + len(flights), drawing
    assert "href" not in read(drawing), drawing
    assert not any(alive(c) for c in offspring) and os.listdir(w.path("tmp")) == []

    p = start_demo(w, "--out", drawing)  # Ctrl-C
    offspring = demo_offspring(p)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=WAIT_S)
    assert p.returncode == 130 and err == "shoal: stopped\n", (out, err)
    wait_for(lambda: not any(alive(c) for c in offspring), "all to be gone")
    assert os.listdir(w.path("tmp")) == []

    p = start_demo(w, "--out", drawing)  # even so nothing goes on running
    offspring = demo_offspring(p)
    p.kill()
    p.communicate(timeout=WAIT_S)
    wait_for(lambda: not any(alive(c) for c in offspring), "all to be gone")

    one_line(run([SHOAL, "demo", "learning", "--out", w.path("no/such.svg")]), 1, "no/such.svg")
    one_line(run([SHOAL, "demo", "dancing"]), 2, "dancing", "learning")


def case_bench_route(w):
    """A map with two rooms and a door, and one shut off: with either end of line."""
    rows = ["@@@@@@@@@@@", "@....@....@", "@....@....@", "@.........@", "@....@....@", "@@@@@@@@@@@",
            "@.........@", "@@@@@@@@@@@"]
    head = f"type octile\nheight {len(rows)}\nwidth 11\nmap\n"
    problems = ["3\t1\t7\t1\t%.5f" % (4 + 2 * math.sqrt(2)),  # through the door
                "1\t1\t4\t1\t3", "1\t1\t4\t4\t%.5f" % (3 * math.sqrt(2))]

    def write(name, text, end):
        with open(w.path(name), "w", newline="") as f:
            f.write(text.replace("\n", end))
        return w.path(name)

    def bench(end, lines, *words):
        scen = "version 1\n" + "".join(f"0\tm\t11\t8\t{p}\n" for p in lines)
        return run([SHOAL, "bench", "route", write("m.map", head + "\n".join(rows) + "\n", end),
                    write("m.scen", scen, end), *words])

    for end in ("\n", "\r\n"):
        r = bench(end, problems, "--json", "--agents", "7")
        assert r.returncode == 0, r
        line = json.loads(r.stdout)
        assert line["problems"] == 3 and line["wrong"] == 0 and line["agents"] == 7, line
        assert line["agents_bytes"] < 7 * 20 and line["agents_us"] > 0, line
    r = bench("\n", problems + ["1\t1\t4\t1\t2.9", "1\t1\t1\t6\t5"])
    assert r.returncode == 1 and "5 problems, 2 wrong" in r.stdout, r
    assert "line 5: another length: length 3, should be 2.9" in r.stdout, r.stdout
    assert "line 6: no way was found" in r.stdout, r.stdout
    one_line(bench("\n", ["1\t1\t4\t99\t3"]), 1, "m.scen", "line 2")
    one_line(run([SHOAL, "bench", "route", w.path("m.map")]), 2, "scenario")
    one_line(run([SHOAL, "bench", "rout"]), 2, "must be route")
    one_line(run([SHOAL, "bench", "route", w.path("m.scen"), w.path("m.map")]), 1, "type octile")


main(globals())
