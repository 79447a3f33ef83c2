# SPDX-License-Identifier: MIT
"""What cases of whole runs share: processes and folders of one case, and the words to ask them.

usage of each *_test.py here: CASE SHOAL RENDER     (CASE: a function's name without `case_`)
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

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


def one_line(result, code, *parts):
    """The command ended with this code and one clear line."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode == code, (result.returncode, result)
    assert len([x for x in lines if x.startswith("shoal: ")]) == 1, lines
    assert len(lines) <= 2, lines
    for part in parts:
        assert part in lines[0], (part, lines)


def main(cases):
    """Runs the case that the command line names."""
    world = World()
    try:
        cases["case_" + CASE](world)
    except BaseException:
        for p in world.processes:
            print(f"--- {p.log}\n{read(p.log)}", file=sys.stderr)
        raise
    finally:
        world.end()
