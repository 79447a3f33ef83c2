#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What hostile connections take from honest work at our hub, on loopback.

usage: bench/hub_hostile.py [--connections N] [--addresses K] [--kinds A,B] [--cpu PERCENT]
                            [--seconds S] [--rounds N] [--vocabulary seed|net] [--build build]

Honest load (bench/hub_load, from 127.0.0.1) with 32 tasks outstanding, and random arrivals at half
the rate reached so, each alone, with attackers (bench/hub_hostile, from 127.0.1.1 on), who come
WARM_S before the load, and beside a bystander: a process that has nothing to do with the hub, and
takes as much CPU as the attackers did. Generator, attackers and hub share the machine's cores, and
what the attackers' programs take of them they would take somewhere else: the bystander tells how
much that is. Each measure has a fresh hub; rounds are interleaved, the figure is the median. Then one
hub is attacked twice, to see what stays behind.
What was measured goes to stderr as JSON, the table to stdout. Exit status 1: of the rate beside the
bystander less than KEPT_LEAST was kept, or the hub did not answer in HEALTH_S_MAX.
"""
import json
import os
import statistics
import subprocess
import sys
import threading
import time

from rig import Rig, parser_of, say

HELPERS = 64
WARM_S = 3           # of attack before the load
QUIET_S = 12         # after an attack: half-open ones are gone after 10
KEPT_LEAST = 0.9
HEALTH_S = 0.1       # between two looks at /healthz
HEALTH_S_MAX = 0.1
WAYS = ("alone", "attacked", "bystander")
FIGURES = ("kept_out_total", "bans_total", "banned", "paused_total", "connections",
           "memory_bytes")


def options():
    parser = parser_of(__doc__, has_json=False, has_folder=True)
    parser.add_argument("--connections", default="1000")
    parser.add_argument("--addresses", default="100")
    parser.add_argument("--kinds", default="")
    parser.add_argument("--cpu", default="25")
    parser.add_argument("--pause-ms", default="100")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vocabulary", default="seed")
    return parser.parse_args()


class Hub(Rig):
    """A fresh hub with a fresh state, for a `with`."""

    def __init__(self, o):
        super().__init__(o, 0, "--quiet", name="hostile", folder=o.folder)

    def figures(self):
        lines = [line.split() for line in self.ask("/metrics").splitlines()]
        values = {x[0]: float(x[1]) for x in lines if len(x) == 2 and x[0][0] != "#"}
        return {name: values["shoal_hub_" + name] for name in FIGURES}

    def taken(self):
        pid = self.hub.pid
        with open(f"/proc/{pid}/status") as f:
            resident = [int(x.split()[1]) for x in f if x.startswith("VmRSS:")][0]
        with open(f"/proc/{pid}/stat") as f:
            part = f.read().rsplit(")", 1)[1].split()
        with open(f"/proc/{pid}/schedstat") as f:
            waited_s = int(f.read().split()[1]) / 1e9
        cpu_s = (int(part[11]) + int(part[12])) / os.sysconf("SC_CLK_TCK")
        return {"resident_mb": resident * 1024 / 1e6, "cpu_s": cpu_s, "waited_s": waited_s,
                "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


class Health(threading.Thread):
    """How long the hub takes to say that it is well, again and again."""

    def __init__(self, hub):
        super().__init__()
        self.hub, self.is_over, self.times = hub, False, []

    def run(self):
        while not self.is_over:
            start = time.monotonic()
            is_well = self.hub.ask("/healthz") is not None
            self.times.append(time.monotonic() - start if is_well else float("inf"))
            time.sleep(HEALTH_S)

    def end(self):
        self.is_over = True
        self.join()
        return {"health_p50_ms": 1000 * statistics.median(self.times),
                "health_max_ms": 1000 * max(self.times)}


def attack(o, hub, seconds):
    words = hub.words_of("hub_hostile", "--port", hub.hub.port, "--json", "--connections",
                         o.connections, "--addresses", o.addresses, "--cpu", o.cpu, "--pause-ms",
                         o.pause_ms, "--seconds", seconds, *(["--kinds", o.kinds] if o.kinds else []))
    return hub.start("attack", words, stdout=subprocess.PIPE, stderr=None, text=True)


BUSY = """
import sys, time
share, end = float(sys.argv[1]), time.monotonic() + float(sys.argv[2])
start = time.monotonic()
while time.monotonic() < end:
    if time.process_time() > share * (time.monotonic() - start):
        time.sleep(0.001)
"""


def stand_by(hub, cpu_percent, seconds):
    """A process that takes so much of a CPU, for so long."""
    return hub.start("bystander", [sys.executable, "-c", BUSY, str(cpu_percent / 100), str(seconds)])


def load(o, hub, how):
    words = hub.words_of("hub_load", "--port", hub.hub.port, "--pid", hub.hub.pid, "--json",
                         "--vocabulary", o.vocabulary, "--helpers", HELPERS, "--seconds", o.seconds)
    return json.loads(subprocess.run(words + how, stdout=subprocess.PIPE, text=True).stdout)


def measure(o, how, way, cpu_percent=0):
    seconds = WARM_S + o.seconds + 1
    with Hub(o) as hub:
        attackers = attack(o, hub, seconds) if way == "attacked" else None
        bystander = stand_by(hub, cpu_percent, seconds) if way == "bystander" else None
        time.sleep(WARM_S)
        health = Health(hub)
        health.start()
        before = hub.taken()
        got = load(o, hub, how)
        after = hub.taken()
        got.update(health.end())
        got.update(hub.figures())
        got["hub_cpu_percent"] = 100 * (after["cpu_s"] - before["cpu_s"]) / o.seconds
        got["hub_waited_percent"] = 100 * (after["waited_s"] - before["waited_s"]) / o.seconds
        got["hub_mb"] = after["resident_mb"]
        if attackers:
            told = json.loads(attackers.communicate()[0])
            got["attackers_on"] = told["on"]
            got["attackers_cpu_percent"] = 100 * told["cpu_s"] / seconds
            got["attackers"] = told["kinds"]
        if bystander:
            bystander.wait()
            got["attackers_cpu_percent"] = cpu_percent
    say(how=how, way=way, **got)
    if got["fault"] or got["wrong"] or got["twice"]:
        sys.exit(f"hub_hostile.py: wrong answers, or {got['fault']}")
    return got


def measure_rounds(o, runs, kind, how):
    for _ in range(o.rounds):
        runs[kind, "alone"].append(measure(o, how, "alone"))
        runs[kind, "attacked"].append(measure(o, how, "attacked"))
        taken = runs[kind, "attacked"][-1]["attackers_cpu_percent"]
        runs[kind, "bystander"].append(measure(o, how, "bystander", taken))


def measure_all(o):
    runs = {(kind, way): [] for kind in ("32", "half") for way in WAYS}
    measure_rounds(o, runs, "32", ["--outstanding", "32"])
    half = statistics.median(f["tasks_s"] for f in runs["32", "alone"]) / 2
    measure_rounds(o, runs, "half", ["--rate", f"{half:.0f}"])
    return runs


def aftermath(o):
    """What an idle hub holds before, and QUIET_S after, each of two attacks."""
    with Hub(o) as hub:
        time.sleep(1)
        found = [hub.taken()]
        for _ in range(2):
            attack(o, hub, o.seconds).communicate()
            time.sleep(QUIET_S)
            found.append({**hub.taken(), **hub.figures()})
    say(aftermath=found)
    return found


ROWS = [  # figure, title, how it is written
    ("tasks_s", "tasks/s", "{:.0f}"),
    ("p50_ms", "p50, ms", "{:.3f}"),
    ("p99_ms", "p99, ms", "{:.3f}"),
    ("bad", "tasks lost or failed", "{:.0f}"),
    ("health_p50_ms", "/healthz p50, ms", "{:.1f}"),
    ("health_max_ms", "/healthz slowest, ms", "{:.1f}"),
    ("hub_cpu_percent", "CPU of the hub, %", "{:.0f}"),
    ("hub_waited_percent", "waited for a CPU, %", "{:.0f}"),
    ("late_p99_ms", "generator late, p99, ms", "{:.1f}"),
    ("attackers_cpu_percent", "CPU of attackers, bystander, %", "{:.0f}"),
    ("hub_mb", "memory of the hub, MB", "{:.0f}"),
    ("attackers_on", "attackers connected at the end", "{:.0f}"),
    ("kept_out_total", "refused at the door", "{:.0f}"),
    ("bans_total", "bans", "{:.0f}"),
    ("paused_total", "reads that had to wait", "{:.0f}"),
]


def table(runs):
    columns = [(kind, way) for kind in ("32", "half") for way in WAYS]
    head = ["32 outstanding", "attacked", "bystander", "half of that", "attacked", "bystander"]
    print("| " + " | ".join([f"{'':32}"] + head) + " |")
    print("|" + "---|" * (len(head) + 1))
    for figure, title, form in ROWS:
        cells = []
        for column, name in zip(columns, head):
            got = [f["lost"] + f["failed"] if figure == "bad" else f[figure]
                   for f in runs[column] if figure == "bad" or figure in f]
            cells.append(f"{form.format(statistics.median(got)) if got else '-':>{len(name)}}")
        print("| " + " | ".join([f"{title:32}"] + cells) + " |")


def kept(runs, kind, beside):
    rate = {way: statistics.median(f["tasks_s"] for f in runs[kind, way]) for way in WAYS}
    return rate["attacked"] / rate[beside]


def main():
    o = options()
    runs = measure_all(o)
    found = aftermath(o)
    table(runs)
    for x, when in zip(found, ("before", "after one attack", "after two")):
        print(f"idle hub {when}: {x['resident_mb']:.0f} MB, {x['descriptors']} descriptors")
    worst = max(statistics.median(f["health_max_ms"] for f in runs[k, "attacked"])
                for k in ("32", "half"))
    for kind, title in (("32", "with 32 outstanding"), ("half", "at half of the rate")):
        print(f"{title}, kept of the rate alone: {100 * kept(runs, kind, 'alone'):.1f} %, beside "
              f"a bystander: {100 * kept(runs, kind, 'bystander'):.1f} %")
    print(f"slowest /healthz {worst:.0f} ms")
    is_good = min(kept(runs, kind, "bystander") for kind in ("32", "half")) >= KEPT_LEAST
    sys.exit(0 if is_good and worst <= 1000 * HEALTH_S_MAX else 1)


main()
