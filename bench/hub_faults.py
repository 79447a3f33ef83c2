#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A table of faults: what a hub, its helpers and its gamer make of each, in whole runs.

usage: bench/hub_faults.py [--runs 20] [--only NAME] [--json] [--build build]
                           [--scene cornell] [--size 160x120] [--spp 32] [--tiles 16]

Each run is a real hub with a state of its own, three real helpers (one of them bad, where the fault
says so) and `shoal play` of one frame. A fault that needs a moment hits after the third tile. The
layers that were saved are compared, byte for byte, with those of one process. Faults take turns, so
that whatever else the machine does falls on all of them. Each run goes to stderr as JSON, the table
to stdout. `cut` makes two network namespaces, and needs root and iproute2.

Ends with 1 if a frame did not become whole, a tile came twice, a forged one was delivered (but for
forging-1, which is a matter of chance: the table says how many are to be expected), the gamer or a
barred helper was not told, a fault never hit, or something was left running.
"""
import collections
import json
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from rig import Processes, end_with_all, family, parser_of, read, say, send, wait_for

BAR_S = 15          # for a barred helper to end
FRAME_S = 180       # for a frame to become whole or the gamer to be told why not
HIT_TILES = 3       # so many tiles are there when the fault hits
TRIES = 3           # of a run whose fault came too late to hit
HUB_GONE_S = 0.5
ALL_GONE_S = 2
CUT_S = 5
SLOW_S = (0.01, 0.09)  # runs, stands still
DRAW_PARTS, DRAWS_MAX, DRAWS_CLOSE = 128, 8, 4  # as src/app/work/verify.h has them
DRAW_FORGIVEN, ALL_FORGIVEN = 3, 4
HUB_IP, GUEST_IP = "10.99.0.1", "10.99.0.2"
STATUS = ("import ssl, sys, urllib.request; "
          "c = ssl.create_default_context(); c.check_hostname = False; "
          "c.verify_mode = ssl.CERT_NONE; "
          "sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=10, "
          "context=c if sys.argv[1].startswith('https') else None).read())")


def options():
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", choices=[f.name for f in FAULTS], action="append")
    parser.add_argument("--scene", default="cornell")
    parser.add_argument("--size", default="160x120")
    parser.add_argument("--spp", default="32")
    parser.add_argument("--tiles", default="16")
    return parser.parse_args()


# ---- Processes

class Slow(threading.Thread):
    """Lets a process and its workers run a tenth of the time."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.over = threading.Event()
        self.start()

    def run(self):
        turn, pids = 0, []
        while not self.over.is_set():
            if turn % 5 == 0:
                pids = family(self.pid)
            turn += 1
            send(pids, signal.SIGSTOP)
            self.over.wait(SLOW_S[1])
            send(pids, signal.SIGCONT)
            self.over.wait(SLOW_S[0])

    def end(self):
        self.over.set()
        self.join()


class Network:
    """Two network namespaces with a cable between them: the hub's, and everybody else's."""

    def __init__(self):
        self.hub, self.guest = f"shoal-{os.getpid()}-h", f"shoal-{os.getpid()}-g"
        self.end_hub, self.end_guest = f"sh{os.getpid()}", f"sg{os.getpid()}"
        self.ip("netns", "add", self.hub)
        self.ip("netns", "add", self.guest)
        self.ip("link", "add", self.end_hub, "netns", self.hub, "type", "veth", "peer", "name",
                self.end_guest, "netns", self.guest)
        for ns, end, address in ((self.hub, self.end_hub, HUB_IP),
                                 (self.guest, self.end_guest, GUEST_IP)):
            self.ip("-n", ns, "link", "set", "lo", "up")
            self.ip("-n", ns, "address", "add", address + "/24", "dev", end)
            self.ip("-n", ns, "link", "set", end, "up")

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)

    def cable(self, state):
        self.ip("-n", self.hub, "link", "set", self.end_hub, state)

    def end(self):
        for ns in (self.hub, self.guest):
            subprocess.run(["ip", "netns", "delete", ns], stderr=subprocess.DEVNULL)

    @staticmethod
    def why_not():
        if os.geteuid() != 0:
            return "not root"
        if shutil.which("ip") is None:
            return "no iproute2"
        return None


class World(Processes):
    """Processes and folders of one run; everything is stopped and removed at its end."""

    def __init__(self, o, fault, network):
        super().__init__(os.path.join(o.build, "shoal"), "faults")
        self.o, self.fault, self.network = o, fault, network
        self.helpers, self.slow = [], []
        self.bad = self.hub = self.player = None

    def within(self, is_hub=False):
        """In whose network a command runs."""
        return [] if self.network is None else [
            "ip", "netns", "exec", self.network.hub if is_hub else self.network.guest]

    def add_hub(self):
        self.hub = self.start_hub(
            *self.fault.hub, address="127.0.0.1" if self.network is None else HUB_IP,
            port=self.hub.port if self.hub is not None else 0, within=self.within(is_hub=True))

    def add_helper(self, name):
        self.helpers.append(self.start_helper(self.hub.address, name, within=self.within()))

    def add_bad(self, mode):
        p = self.start("bad", self.within() + [os.path.join(self.o.build, "test/bad_helper"), mode,
                                               "--hub", self.hub.address, "--state",
                                               self.path("bad")])
        wait_for(lambda: "in at" in read(p.log), "the bad helper to be in", p)
        self.bad = p

    def play(self):
        o = self.o
        with open(self.path("words"), "w") as words:
            self.player = self.start("play", self.within() + [
                self.shoal, "play", "--hub", self.hub.address, "--state", self.path("gamer"),
                "--token-file", self.path("hub/token"), "--scene", o.scene, "--size", o.size,
                "--spp", o.spp, "--tiles", o.tiles, "--json", "--layers", self.path("many"),
                "--out", self.path("many.png")], stderr=words)

    def tiles_there(self):
        return read(self.player.log).count('"event":"tile"')

    def status(self):
        scheme = "http" if self.network is None else "https"
        r = subprocess.run([*self.within(is_hub=True), sys.executable, "-c", STATUS,
                            f"{scheme}://{self.hub.address}/status"], stdout=subprocess.PIPE)
        return json.loads(r.stdout) if r.returncode == 0 else None

    def end(self, **how):
        for s in self.slow:
            s.end()
        return super().end(**how)


# ---- Faults

class Fault:
    """act(world): what happens in mid-frame; before(world): what happens before the frame.
    hit: a word in the log of the bad helper, or of the first one, without which it was none."""

    def __init__(self, name, act=None, before=None, bad=None, hit=None, hub=(), is_net=False,
                 is_chance=False, says=None):
        self.name, self.act, self.before, self.bad, self.hit = name, act, before, bad, hit
        self.hub, self.is_net, self.is_chance, self.says = hub, is_net, is_chance, says


def kill_helper(w):
    w.kill(w.helpers[0])


def freeze_helper(w):
    send(family(w.helpers[0].pid), signal.SIGSTOP)


def slow_helper(w):
    w.slow.append(Slow(w.helpers[0].pid))


def kill_worker(w):
    os.kill(family(w.helpers[0].pid)[-1], signal.SIGKILL)  # it is the nursery's child


def kill_hub(w):
    w.kill(w.hub)
    time.sleep(HUB_GONE_S)
    w.add_hub()


def cut_network(w):
    w.network.cable("down")
    time.sleep(CUT_S)
    w.network.cable("up")


def kill_all(w):
    for p in w.helpers:
        w.kill(p)


def kill_all_and_come(w):
    kill_all(w)
    time.sleep(ALL_GONE_S)
    w.add_helper("four-h")


FAULTS = [
    Fault("none"),
    Fault("killed", act=kill_helper),
    Fault("silent", act=freeze_helper),
    Fault("silent-busy", bad="silent", hit=" taken"),
    Fault("failing", bad="failing", hit=" failed: "),
    Fault("forging-10", bad="forging-10", hit=" spoiled "),
    Fault("forging-1", bad="forging-1", hit=" spoiled ", is_chance=True),
    Fault("slow", before=slow_helper, hit="task "),
    Fault("flapping", bad="flapping", hit="hung up"),
    Fault("oversize", bad="oversize", hit=" bytes longer"),
    Fault("replay", bad="replay", hit=" of the task before"),
    Fault("hub-killed", act=kill_hub, says="trying for"),
    Fault("cut", act=cut_network, is_net=True),
    Fault("worker-killed", act=kill_worker),
    Fault("all-gone", act=kill_all_and_come, hub=("--no-own-compute",)),
    Fault("all-gone-own", act=kill_all),
]


# ---- What came of it

def pfm(path):
    """(rows from the top, bytes of a pixel) of a picture of linear light."""
    head, size, _, data = read(path, "rb").split(b"\n", 3)
    width, height = map(int, size.split())
    row = len(data) // height
    return [data[(height - 1 - y) * row:(height - y) * row] for y in range(height)], row // width


def tiles_that_differ(w, one, tiles):
    """Rectangles of the saved layers that are not as one process made them."""
    bad = set()
    for layer in ("-direct.pfm", "-indirect.pfm"):
        (ours, each), (theirs, _) = pfm(w.path("many" + layer)), pfm(one + layer)
        for t in tiles:
            at, end = t["x"] * each, (t["x"] + t["w"]) * each
            if any(ours[y][at:end] != theirs[y][at:end] for y in range(t["y"], t["y"] + t["h"])):
                bad.add((t["x"], t["y"], t["w"], t["h"]))
    return len(bad)


def is_equal(w, one):
    return all(read(w.path("many" + name), "rb") == read(one + name, "rb")
               for name in ("-direct.pfm", "-indirect.pfm", ".png"))


def pass_chance(pixels, spoiled, needed):
    """That a result with so many spoiled pixels is taken for right: the sum over all ways through
    the draws, as work/verify.h goes through them."""
    parts = min(DRAW_PARTS, pixels)
    one = [math.comb(spoiled, k) * math.comb(pixels - spoiled, parts - k) / math.comb(pixels, parts)
           for k in range(min(DRAW_FORGIVEN, parts) + 1)]  # of k mismatches in one draw
    taken, ways = 0.0, {0: 1.0}  # mismatches so far: the chance
    for draw in range(1, DRAWS_MAX + 1):
        after = collections.defaultdict(float)
        for before, chance in ways.items():
            for k in range(min(DRAW_FORGIVEN, ALL_FORGIVEN - before) + 1):
                after[before + k] += chance * one[k]
        if draw >= needed:
            taken += after.pop(0, 0)
        ways = after
    return taken + sum(ways.values())


def forged_by(w):
    """[(pixels, spoiled)] of each result that the bad helper sent."""
    if w.bad is None:
        return []
    return [(int(n), int(s)) for s, n in
            re.findall(r"spoiled (\d+) of (\d+) pixels", read(w.bad.log))]


def bad_was_told(w):
    """A barred helper ends with 3 and has heard why."""
    try:
        w.bad.wait(BAR_S)
    except subprocess.TimeoutExpired:
        return False
    return w.bad.returncode == 3 and "refused: barred" in read(w.bad.log)


def judge(w, one, seconds, has_hit):
    code = w.player.poll()
    events = []
    for line in read(w.player.log).splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            pass  # cut off with a gamer that had to be stopped
    tiles = [e for e in events if e["event"] == "tile"]
    frames = [e for e in events if e["event"] == "frame"]
    words = [re.sub(r":\d+", "", x) for x in read(w.path("words")).splitlines()
             if x.startswith("shoal: ")]
    count = collections.Counter((t["frame"], t["tile"]) for t in tiles)
    status = w.status() or {}
    is_whole = (code == 0 and len(frames) == 1 and len(count) == frames[0]["tiles"]
                and os.path.exists(w.path("many-direct.pfm")))
    equal = is_whole and is_equal(w, one)
    barred = status.get("barred", 0)
    told = code == 0 and is_whole or code not in (0, None) and len(words) > 0
    if w.fault.says is not None:
        told = told and any(w.fault.says in x for x in words)
    return {
        "fault": w.fault.name, "hit": has_hit and (
            w.fault.hit is None or w.fault.hit in read((w.bad or w.helpers[0]).log)),
        "whole": is_whole, "equal": equal, "seconds": round(seconds, 3), "exit": code,
        "told": told, "words": words, "wrong": status.get("wrong"), "barred": barred,
        "barred_told": bad_was_told(w) if barred and w.bad is not None else None,
        "twice": sum(n - 1 for n in count.values()),
        "forged_sent": len(forged_by(w)),
        "forged": tiles_that_differ(w, one, tiles) if is_whole and not equal else 0,
        "expected": sum(pass_chance(n, s, DRAWS_CLOSE) for n, s in forged_by(w)),
        "retries": frames[0]["retries"] if frames else None,
    }


def one_frame(w):
    """(seconds, did the fault come in time)"""
    w.add_hub()
    for name in ("one-h", "two-h"):
        w.add_helper(name)
    if w.fault.bad is not None:
        w.add_bad(w.fault.bad)
    else:
        w.add_helper("three-h")
    if w.fault.before is not None:
        w.fault.before(w)
    begin = time.monotonic()
    w.play()
    has_hit = True
    if w.fault.act is not None:
        while w.player.poll() is None and w.tiles_there() < HIT_TILES \
                and time.monotonic() < begin + FRAME_S:
            time.sleep(0.002)
        has_hit = w.player.poll() is None and w.tiles_there() < int(w.o.tiles)
        w.fault.act(w)
    try:
        w.player.wait(FRAME_S)
    except subprocess.TimeoutExpired:
        pass
    return time.monotonic() - begin, has_hit


def run_once(o, fault, one, network):
    for _ in range(TRIES):
        w = World(o, fault, network if fault.is_net else None)
        try:
            figures = judge(w, one, *one_frame(w))
        except BaseException:
            for p in w.processes:
                print(f"--- {p.log}\n{read(p.log)[-4000:]}", file=sys.stderr)
            raise
        finally:
            left = w.end()
        figures["left"] = left
        say(**figures)
        if figures["hit"] or faults_of([figures], fault):
            break
    return figures


# ---- The table

def faults_of(runs, fault):
    """What must not be, in words."""
    found = []

    def need(is_good, what):
        bad = sum(not is_good(r) for r in runs)
        if bad:
            found.append(f"{fault.name}: {bad} of {len(runs)}: {what}")

    need(lambda r: r["whole"], "the frame did not become whole")
    need(lambda r: r["twice"] == 0, "a tile came twice")
    need(lambda r: fault.is_chance or r["equal"] or not r["whole"], "another picture than it is")
    need(lambda r: r["told"], "the gamer was not told")
    need(lambda r: r["barred_told"] is not False, "the barred helper was not told why")
    need(lambda r: r["left"] == 0, "something was left running")
    return found


def row_of(fault, runs, plain_s):
    seconds = [r["seconds"] for r in runs if r["whole"]] or [math.nan]
    total = {key: sum(r[key] or 0 for r in runs) for key in
             ("hit", "whole", "equal", "wrong", "barred", "forged_sent", "forged", "expected",
              "told", "twice", "retries")}
    sent = total["forged_sent"]
    return {
        "fault": fault.name, "runs": len(runs), **total,
        "expected_share": total["expected"] / sent if sent else None,
        "median_s": statistics.median(seconds), "plain_s": plain_s, "worst_s": max(seconds),
        "exits": dict(collections.Counter(str(r["exit"]) for r in runs)),
        "words": dict(collections.Counter(x for r in runs for x in r["words"])),
    }


COLUMNS = [  # title, how a row's figure is written
    ("fault", lambda r: r["fault"]),
    ("runs", lambda r: r["runs"]),
    ("hit", lambda r: r["hit"]),
    ("whole", lambda r: r["whole"]),
    ("equal", lambda r: r["equal"]),
    ("found wrong", lambda r: r["wrong"]),
    ("barred", lambda r: r["barred"]),
    ("forged: sent", lambda r: r["forged_sent"] or "-"),
    ("delivered", lambda r: r["forged"]),
    ("expected", lambda r: f"{r['expected']:.2g}" if r["forged_sent"] else "-"),
    ("gamer told", lambda r: r["told"]),
    ("twice", lambda r: r["twice"]),
    ("done again", lambda r: r["retries"]),
    ("median, s", lambda r: f"{r['median_s']:.2f}"),
    ("(no fault)", lambda r: "-" if r["plain_s"] is None else f"{r['plain_s']:.2f}"),
    ("worst, s", lambda r: f"{r['worst_s']:.2f}"),
]


def print_table(rows):
    cells = [[title for title, _ in COLUMNS]] + [[str(f(r)) for _, f in COLUMNS] for r in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
    for n, row in enumerate(cells):
        print("| " + " | ".join(c.rjust(w) if i else c.ljust(w)
                                for i, (c, w) in enumerate(zip(row, widths))) + " |")
        if n == 0:
            print("|" + "---|" * len(COLUMNS))
    for r in rows:
        if r["expected_share"] is not None:
            print(f"{r['fault']}: {r['forged'] / r['forged_sent']:.4f} of the forged results were "
                  f"delivered; by the model {r['expected_share']:.4f}")
        if set(r["exits"]) != {"0"} or r["words"]:
            print(f"{r['fault']}: the gamer's exit codes {r['exits']}, words:")
            for words, n in r["words"].items():
                print(f"    {n} x {words}")
    if any(r["fault"] == "forging-1" for r in rows):
        print(f"A lie about 1 % of very many pixels passes one clean draw of {DRAW_PARTS} with "
              f"{.99 ** DRAW_PARTS:.3f}, the {DRAWS_CLOSE} clean ones that a newcomer needs with "
              f"{.99 ** (DRAW_PARTS * DRAWS_CLOSE):.4f};\nwith up to {ALL_FORGIVEN} forgiven in "
              f"{DRAWS_MAX} draws: {pass_chance(10 ** 6, 10 ** 4, 1):.3f} and "
              f"{pass_chance(10 ** 6, 10 ** 4, DRAWS_CLOSE):.4f}.")


def tell(o, chosen, runs, skipped):
    plain = [r["seconds"] for r in runs["none"] if r["whole"]] if "none" in runs else []
    plain_s = statistics.median(plain) if plain else None
    rows = [row_of(f, runs[f.name], plain_s) for f in chosen]
    problems = [x for f in chosen for x in faults_of(runs[f.name], f)]
    problems += [f"{f.name}: the fault never hit" for f in chosen
                 if not any(r["hit"] for r in runs[f.name])]
    if o.json:
        print(json.dumps({"rows": rows, "skipped": skipped, "problems": problems}))
    else:
        print_table(rows)
        for name, why in skipped.items():
            print(f"SKIPPED {name}: {why}")
        for x in problems:
            print(f"FAIL {x}")
        print("FAIL" if problems else "PASS" + (", but for what was skipped" if skipped else ""))
    return 1 if problems else 0


def choose(o):
    """(faults to run, {name of a skipped one: why})"""
    chosen, skipped = [], {}
    for f in FAULTS:
        if o.only and f.name not in o.only and f.name != "none":
            continue
        why = Network.why_not() if f.is_net else None
        if why is None:
            chosen.append(f)
        else:
            skipped[f.name] = why
    return chosen, skipped


def main():
    o = options()
    chosen, skipped = choose(o)
    runs = {f.name: [] for f in chosen}
    network = None
    end_with_all()
    with tempfile.TemporaryDirectory(prefix="shoal-faults-one-") as folder:
        one = os.path.join(folder, "one")
        subprocess.run([os.path.join(o.build, "bench/render"), o.scene, o.size, o.spp,
                        one + ".png", "--layers", one], check=True, stdout=subprocess.DEVNULL)
        try:
            if any(f.is_net for f in chosen):
                network = Network()
            for _ in range(o.runs):
                for f in chosen:
                    runs[f.name].append(run_once(o, f, one, network))
        finally:
            if network is not None:
                network.end()
    sys.exit(tell(o, chosen, runs, skipped))


main()
