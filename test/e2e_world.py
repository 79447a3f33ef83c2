# SPDX-License-Identifier: MIT
"""What cases of whole runs share: a world of processes for one case, and the words to ask them.

usage of each *_test.py here: CASE SHOAL RENDER     (CASE: a function's name without `case_`)
"""
import subprocess
import sys

from processes import WAIT_S, Processes, alive, descendants, read, wait_for

CASE, SHOAL, RENDER = sys.argv[1:4]


class World(Processes):
    """Processes and folders of one case; everything is stopped and removed at its end."""

    def __init__(self):
        super().__init__(SHOAL, "e2e")

    def command(self, name, *words):
        return self.start(name, [SHOAL, *words, "--state", self.path(name)])

    def hub(self, *words, port=0, name="hub"):
        return self.start_hub(*words, port=port, name=name)

    def helper(self, hub, name, *words):
        return self.start_helper(hub.address, name, *words)

    def play_words(self, hub, *words):
        return [SHOAL, "play", "--hub", hub.address, "--state", self.path("gamer"),
                "--token-file", self.path("hub/token"), *words]

    def play(self, hub, *words):
        return run(self.play_words(hub, *words))


def run(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=WAIT_S,
                          stdin=subprocess.DEVNULL)


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
    with World() as world:
        try:
            cases["case_" + CASE](world)
        except BaseException:
            for p in world.processes:
                print(f"--- {p.log}\n{read(p.log)}", file=sys.stderr)
            raise
        left = world.end()
        assert left == 0, f"{left} processes had to be killed"
