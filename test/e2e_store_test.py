#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole runs of `shoal store`: files in and out, pins, damage, a store in use, Ctrl-C."""
import base64
import glob
import hashlib
import json
import os
import signal
import subprocess

from e2e_world import SHOAL, main, one_line, read, run, wait_for


def store(w, *words, db="db"):
    return run([SHOAL, "store", *words, "--db", w.path(db)])


def good(r):
    assert r.returncode == 0 and r.stderr == "", r
    return r.stdout


def events(w, *words, db="db"):
    return [json.loads(line) for line in good(store(w, *words, "--json", db=db)).splitlines()]


def cid(content):
    """CIDv1, raw, SHA-256, base32: by the specification, and not by us."""
    raw = b"\x01\x55\x12\x20" + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def files(w, *sizes):
    made = {}
    for i, size in enumerate(sizes):
        path, content = w.path(f"file{i}"), os.urandom(size)
        with open(path, "wb") as f:
            f.write(content)
        made[path] = content
    return made


def case_store_by_hand(w):
    made = files(w, 0, 100, 65536, 65537, 3000000)
    out = good(store(w, "add", *made))
    assert out == "".join(f"{cid(c)}  {p}\n" for p, c in made.items()), out
    assert good(store(w, "add", *made)) == out  # once more is the same
    listed = {e["name"]: e for e in events(w, "ls")}
    assert set(listed) == {cid(c) for c in made.values()}, listed
    for path, content in made.items():
        e = listed[cid(content)]
        assert e["bytes"] == len(content) and e["is_file"] == (len(content) > 65536), e
        for name in (cid(content), hashlib.sha256(content).hexdigest()):
            good(store(w, "get", name, "--out", w.path("out")))
            assert read(w.path("out"), "rb") == content
        r = subprocess.run([SHOAL, "store", "get", e["name"], "--db", w.path("db")],
                           capture_output=True, timeout=60)
        assert r.returncode == 0 and r.stdout == content
    names = [cid(c) for c in made.values()]
    good(store(w, "pin", *names[3:]))
    good(store(w, "pin", names[4], "--label", "a game"))
    assert f"{names[4]}    3.0 MB  pinned: a game, user\n" in good(store(w, "ls"))
    one_line(store(w, "rm", names[0], names[4]), 1, names[4], "pinned")
    assert events(w, "stat")[0]["objects"] == 5  # all of them, or none
    good(store(w, "rm", *names[:3]))
    assert {"objects": 2, "pinned": 2, "files": 2}.items() <= events(w, "stat")[0].items()
    good(store(w, "unpin", names[4]))
    one_line(store(w, "unpin", names[4]), 1, "no object")
    one_line(store(w, "rm", names[4]), 1, "pinned")  # the other label still
    # A smaller store lets go what is not pinned; a large file finds no room then.
    good(store(w, "unpin", names[3]))
    assert events(w, "stat", "--size", "3050000")[0]["objects"] == 1
    assert names[4] in good(store(w, "ls"))
    assert events(w, "stat")[0]["bytes_max"] == 3050000  # from then on
    one_line(store(w, "add", list(files(w, 2000000))[0]), 1, "file0")
    one_line(store(w, "add", list(files(w, 4000000))[0]), 1, "larger than the whole store")
    assert events(w, "stat", "--size", "1M")[0]["objects"] == 1  # pinned, and too much
    good(store(w, "stat", "--size", "3050000"))
    good(store(w, "unpin", names[4], "--label", "a game"))
    good(store(w, "add", list(files(w, 2000000))[0]))
    assert events(w, "stat")[0]["objects"] == 1
    assert len(glob.glob(w.path("db/large/6f/*/*"))) == 1  # files go with their objects


def case_store_in_use(w):
    """A helper has its store for itself; afterwards all can be looked at."""
    hub = w.hub("--no-own-compute")
    helper = w.helper(hub, "one-h")
    r = w.play(hub, "--scene", "cornell", "--size", "32x32", "--spp", "1", "--out", w.path("f.png"))
    assert r.returncode == 0, r
    one_line(run([SHOAL, "store", "ls", "--state", w.path("one-h")]), 1, "store/large",
             "another process uses it")
    one_line(store(w, "ls", db="hub/objects"), 1, "another process uses it")
    helper.terminate()
    assert helper.wait(60) == 0
    listed = good(run([SHOAL, "store", "ls", "--state", w.path("one-h")]))
    assert listed.count("bafkrei") == 1, listed  # the scene
    good(run([SHOAL, "store", "verify", "--state", w.path("one-h")]))


def case_store_damaged(w):
    made = files(w, 1000, 150000, 160000)
    good(store(w, "add", *made))
    names = [cid(c) for c in made.values()]
    path = glob.glob(w.path("db/large/6f/*/*" + hashlib.sha256(made[w.path("file1")]).hexdigest()))
    with open(path[0], "r+b") as f:
        f.seek(20000)
        byte = f.read(1)
        f.seek(20000)
        f.write(bytes([byte[0] ^ 1]))
    one_line(store(w, "get", names[1]), 1, "damaged", "verify --fix")
    r = store(w, "verify")
    one_line(r, 1, "1 damaged")
    assert f"{names[1]}  damaged\n" in r.stdout and "3 objects, 311 kB checked" in r.stdout, r
    r = store(w, "verify", "--fix")
    one_line(r, 1, "1 damaged, and deleted")
    assert good(store(w, "verify")).startswith("2 objects"), r
    one_line(store(w, "get", names[1]), 1, "no object " + names[1])
    assert good(store(w, "add", w.path("file1"))).startswith(names[1])
    # A file of which no entry knows.
    stray = os.path.join(os.path.dirname(path[0]), os.path.basename(path[0])[:-1])
    stray += "0" if path[0][-1] != "0" else "1"
    with open(stray, "wb") as f:
        f.write(b"left by somebody")
    assert events(w, "gc") == [{"event": "gc", "removed": 1}]
    assert not os.path.exists(stray) and good(store(w, "verify")).startswith("3 objects")


def case_store_clear_errors(w):
    one_line(store(w, "ls"), 1, "there is no store in")
    one_line(store(w, "lst"), 2, "did you mean")
    one_line(store(w, "get", "nonsense"), 2, "neither CID nor hex")
    one_line(store(w, "get"), 2, "get: what?")
    one_line(store(w, "ls", "x"), 2, "takes no names")
    one_line(store(w, "pin", "0" * 64, "--label", "x" * 65), 2, "--label")
    one_line(store(w, "add", w.path("missing")), 1, "missing: No such file")
    one_line(store(w, "get", "0" * 64), 1, "no object bafkrei")
    one_line(run([SHOAL, "store"]), 2, "WHAT")
    with open(w.path("file"), "w"):
        pass
    one_line(store(w, "add", w.path("file"), db="file"), 1, "file")


def case_store_interrupt(w):
    """Ctrl-C in the midst of a long check: one line, and the store is as it was."""
    made = files(w, *[20000000] * 8)
    good(store(w, "add", *made))
    out = open(w.path("told"), "w")
    p = subprocess.Popen([SHOAL, "store", "verify", "--db", w.path("db")], stdout=out,
                         stderr=subprocess.PIPE, text=True)
    wait_for(lambda: os.path.exists(f"/proc/{p.pid}/map_files") and
             "large/6f" in read(f"/proc/{p.pid}/maps"), "it to check", None)
    p.send_signal(signal.SIGINT)
    _, err = p.communicate(timeout=60)
    assert p.returncode == 130 and err == "shoal: stopped\n", (p.returncode, err)
    assert good(store(w, "verify")).startswith("8 objects")


if __name__ == "__main__":
    main(globals())
