# SPDX-License-Identifier: MIT
"""What benches of whole programs stand on: their options, hub and helpers, a game's frame loop.

The processes themselves are those of ../test/processes.py.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../test"))
# pylint: disable=wrong-import-position,unused-import
from processes import (WAIT_S, Processes, alive, cpu_s, descendants, family, read, send,  # noqa: F401
                       wait_for)


def parser_of(usage, has_json=True, has_folder=False):
    """With --build, and with --json or --folder (on whose disk state is kept) if wanted."""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--build", type=os.path.abspath, default=os.path.join(HERE, "../build"))
    if has_json:
        parser.add_argument("--json", action="store_true")
    if has_folder:
        parser.add_argument("--folder", default=os.getcwd())
    return parser


def say(**what):
    """What was measured, for a log of the run: a line of JSON on standard error."""
    print(json.dumps(what), file=sys.stderr, flush=True)


def end_with_all():
    """SIGTERM ends this program as an error does: what was started is stopped first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Rig(Processes):
    """A hub with a fresh state, and helpers."""

    def __init__(self, o, helpers=0, *hub_words, name="bench", folder=None):
        super().__init__(os.path.join(o.build, "shoal"), name, folder)
        self.build, self.helpers = o.build, {}
        try:
            self.hub = self.start_hub("--open", "--json", *hub_words)
            self.address = self.hub.address
            for i in range(helpers):
                self.add_helper(f"helper-{i + 1}")
        except BaseException:
            self.end()
            raise

    def add_helper(self, name, is_awaited=True):
        self.helpers[name] = self.start_helper(self.address, name, "--json", is_awaited=is_awaited)

    def words_of(self, program, *words):
        """A command line of one of the programs of bench/."""
        return [os.path.join(self.build, "bench", program), *map(str, words)]

    def play(self, *words, on_light=None):
        p = self.start("play", [self.shoal, "play", "--hub", self.address, "--state",
                                self.path("gamer"), "--json", *map(str, words)],
                       stdout=subprocess.PIPE, text=True)
        return Game(p, on_light)

    def ask(self, path):
        """What the hub answers to GET; None: it does not."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as r:
                return r.read().decode()
        except OSError:
            return None


class Game:
    """`shoal play --json`: its events, each with `at`, when it was heard."""

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

    def end(self, last="loop", seconds=WAIT_S):
        """The event that sums it up, which comes within so many seconds, or this is an error."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"shoal play was not done after {seconds:.0f} s") from None
        self.reader.join(WAIT_S)
        if code not in (0, 130 if self.is_cut else 0) or not self.of(last):
            raise RuntimeError(f"shoal play ended with {code}: {''.join(self.other)}")
        return self.of(last)[0]
