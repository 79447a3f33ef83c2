# SPDX-License-Identifier: MIT
"""A hub, helpers and a game's frame loop as processes on this machine, for bench/*.py."""
import json
import os
import signal
import subprocess
import tempfile
import threading
import time

WAIT_S = 60  # for anything to happen
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def read(path):
    with open(path) as f:
        return f.read()


def wait_for(condition, what, process=None, seconds=WAIT_S):
    end = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"waiting for {what}: the process ended: {read(process.log)}")
        if time.monotonic() > end:
            raise RuntimeError(f"waited too long for {what}")
        time.sleep(0.01)


def processes():
    """{pid: (parent, seconds of processor, those of children that ended among them)}"""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            rest = read(f"/proc/{entry}/stat").rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended
        if rest[0] != "Z":
            found[int(entry)] = int(rest[1]), sum(map(int, rest[11:15])) * TICK_S
    return found


def cpu_s(pid):
    """Seconds of processor of a process and of all that came of it."""
    now, family = processes(), [pid]
    for each in family:
        family += [child for child, (parent, _) in now.items() if parent == each]
    return sum(now[each][1] for each in family if each in now)


class Game:
    """`shoal play --split ... --json`: its events, each with `at`, when it was heard."""

    def __init__(self, process, on_light=None):
        self.process, self.on_light = process, on_light
        self.events, self.other, self.is_cut = [], [], False
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()

    def listen(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                self.other.append(line)
                continue
            event["at"] = time.monotonic()
            self.events.append(event)
            if event["event"] == "light" and self.on_light is not None:
                self.on_light(event)

    def of(self, kind):
        return [e for e in self.events if e["event"] == kind]

    def stop_after(self, seconds):
        """Waits for its end, or tells it to end so long after its first picture."""
        wait_for(lambda: self.of("picture") or self.process.poll() is not None, "a picture")
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.is_cut = True
            self.process.send_signal(signal.SIGINT)

    def end(self, seconds=WAIT_S):
        """The event `loop`, which comes within so many seconds, or this is an error."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"shoal play was not done after {seconds:.0f} s") from None
        self.reader.join(WAIT_S)
        if code not in (0, 130 if self.is_cut else 0) or not self.of("loop"):
            raise RuntimeError(f"shoal play ended with {code}: {''.join(self.other)}")
        return self.of("loop")[0]


class Rig:
    """Processes and folders; everything is stopped and removed at the end of `with`."""

    def __init__(self, build, helpers, *hub_words):
        self.shoal = os.path.join(build, "shoal")
        self.folder = tempfile.TemporaryDirectory(prefix="shoal-bench-")
        self.processes, self.helpers, self.starts = [], {}, 0
        try:
            self.start_hub(*hub_words)
            for i in range(helpers):
                self.start_helper(f"helper-{i + 1}")
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, name, *words):
        self.starts += 1
        log = self.path(f"{self.starts}-{name}.log")
        with open(log, "w") as f:
            p = subprocess.Popen([self.shoal, *words], stdout=f, stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL)
        p.log = log
        self.processes.append(p)
        return p

    def start_hub(self, *words):
        p = self.start("hub", "hub", "--listen", "127.0.0.1:0", "--open", "--json", "--state",
                       self.path("hub"), *words)
        wait_for(lambda: '"listening"' in read(p.log), "the hub to listen", p)
        said = [json.loads(x) for x in read(p.log).splitlines() if '"listening"' in x]
        self.address = f"127.0.0.1:{said[0]['port']}"

    def start_helper(self, name, is_awaited=True):
        p = self.start(name, "helper", "--hub", self.address, "--slots", "1", "--peer-id", name,
                       "--state", self.path(name), "--json")
        self.helpers[name] = p
        if is_awaited:
            wait_for(lambda: '"event":"in"' in read(p.log), f"{name} to be in", p)

    def play(self, *words, on_light=None):
        p = subprocess.Popen([self.shoal, "play", "--hub", self.address, "--state",
                              self.path("gamer"), "--json", *map(str, words)],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL, text=True)
        self.processes.append(p)
        return Game(p, on_light)

    def end(self):
        living = [p for p in self.processes if p.poll() is None]
        for p in living:
            p.terminate()
        for p in living:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.folder.cleanup()
