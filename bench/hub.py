#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One load for our hub and for other coordinators of its kind, side by side, on loopback.

usage: bench/hub.py [--seed-cloud PATH/run_cloud.py] [--seed-net PATH/cloud_coordinator.py]
                    [--no-hub] [--seconds S] [--rounds N] [--idle N] [--build build]

For each coordinator: 1 task outstanding, 32 outstanding of one gamer, random arrivals at half the
rate reached with 32 and at half of GOAL_TASKS_S, and N idle helpers. Each measure starts a fresh
process with a fresh state in a folder on the disk that holds --folder; rounds are interleaved, the
figure is the median. What was measured goes to stderr as JSON, the table to stdout.
On a virtual machine the host takes the processors away now and then (steal, proc(5)), for some
milliseconds at a time: where that is a percent of the time, so is what waits for it, and the 99th
percentile tells of the host. It is told beside.
"""
import json
import os
import resource
import socket
import statistics
import subprocess
import sys

from rig import Processes, parser_of, say, wait_for

HELPERS = 64
GOAL_TASKS_S = 25000
START_S = 20
NET = ("import asyncio, os, sys; sys.path.insert(0, os.path.dirname(sys.argv[1])); "
       "from cloud_coordinator import CloudCoordinator; "
       "asyncio.run(CloudCoordinator('127.0.0.1', int(sys.argv[2])).start())")
ROWS = [  # title, load, figure, how it is written, whether more is better (None: no ratio)
    ("1 outstanding: tasks/s", "one", "tasks_s", "{:.0f}", True),
    ("   p50, ms", "one", "p50_ms", "{:.3f}", False),
    ("   p50 above the bare path, ms", "one", "added_p50_ms", "{:.3f}", False),
    ("   p99, ms", "one", "p99_ms", "{:.3f}", False),
    ("32 outstanding: tasks/s", "many", "tasks_s", "{:.0f}", True),
    ("   p50, ms", "many", "p50_ms", "{:.3f}", False),
    ("   p99, ms", "many", "p99_ms", "{:.3f}", False),
    ("   CPU of the coordinator, us/task", "many", "coordinator_cpu_us_task", "{:.1f}", False),
    ("   CPU of the generator, us/task", "many", "generator_cpu_us_task", "{:.1f}", None),
    ("   tasks lost or failed, %", "many", "bad_percent", "{:.2f}", None),
    ("half of that, at random: tasks/s", "half", "tasks_s", "{:.0f}", None),
    ("   p50, ms", "half", "p50_ms", "{:.3f}", False),
    ("   p99, ms", "half", "p99_ms", "{:.3f}", False),
    ("   sent late by the generator, p50, ms", "half", "late_p50_ms", "{:.3f}", None),
    ("   tasks lost or failed, %", "half", "bad_percent", "{:.2f}", None),
    ("   taken by the host, % of the time", "half", "stolen_percent", "{:.1f}", None),
    ("half of the goal: tasks/s", "goal", "tasks_s", "{:.0f}", None),
    ("   p50, ms", "goal", "p50_ms", "{:.3f}", False),
    ("   p99, ms", "goal", "p99_ms", "{:.3f}", False),
    ("   taken by the host, % of the time", "goal", "stolen_percent", "{:.1f}", None),
    ("idle helpers: memory, MB", "idle", "resident_idle_mb", "{:.1f}", False),
    ("   memory before, MB", "idle", "resident_start_mb", "{:.1f}", None),
]


def options():
    parser = parser_of(__doc__, has_json=False, has_folder=True)
    parser.add_argument("--seed-cloud", type=os.path.abspath)
    parser.add_argument("--seed-net", type=os.path.abspath)
    parser.add_argument("--no-hub", action="store_true")
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", default="10000")
    return parser.parse_args()


def coordinators(o):
    """(name, vocabulary, how one is started among processes) of each that is to be measured."""
    def others(*words):
        return lambda run: start_other(run, ["/usr/bin/python3", *words])

    found = []
    if not o.no_hub:
        for vocabulary in ("seed", "net"):
            found.append(("shoal, " + vocabulary, vocabulary, lambda run: run.start_hub("--open")))
    if o.seed_cloud:
        found.append(("run_cloud.py", "seed", others(o.seed_cloud, "--host", "127.0.0.1", "--port")))
    if o.seed_net:
        found.append(("cloud_coordinator.py", "net", others("-c", NET, o.seed_net)))
    return found


def start_other(run, words):
    """A coordinator that takes its port as its last word."""
    def listens():
        try:
            socket.create_connection(("127.0.0.1", p.port), 1).close()
            return True
        except OSError:
            return False

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    p = run.start("coordinator", words + [str(port)], cwd=run.folder.name)
    p.port = port
    wait_for(listens, "it to listen", p, START_S)
    return p


def processor_time():
    """(jiffies that the host took, all jiffies) of all processors, since the start."""
    with open("/proc/stat") as f:
        spent = [int(x) for x in f.readline().split()[1:9]]
    return spent[7], sum(spent)


def measure(o, coordinator, load):
    name, vocabulary, start = coordinator
    with Processes(os.path.join(o.build, "shoal"), "load", o.folder) as run:
        process = start(run)
        stolen, time_before = processor_time()
        out = subprocess.run([os.path.join(o.build, "bench/hub_load"), "--port", str(process.port),
                              "--pid", str(process.pid), "--json", "--vocabulary", vocabulary,
                              "--helpers", str(HELPERS)] + load,
                             stdout=subprocess.PIPE, text=True).stdout
        stolen_after, time_after = processor_time()
    figures = json.loads(out)
    bad = figures["lost"] + figures["failed"]
    figures["bad_percent"] = 100 * bad / max(figures["sent"], 1)
    figures["stolen_percent"] = 100 * (stolen_after - stolen) / max(time_after - time_before, 1)
    say(coordinator=name, load=load, **figures)
    if figures["fault"] is not None:
        sys.exit(f"hub.py: {name}: {figures['fault']}")
    if figures["wrong"] or figures["twice"]:
        sys.exit(f"hub.py: {name} gave wrong or double answers")
    return figures


def measure_all(o, found):
    """{(coordinator, load): [figures of each round]}"""
    runs = {}

    def add(c, kind, load):
        runs.setdefault((c[0], kind), []).append(measure(o, c, load))

    for _ in range(o.rounds):
        for c in found:
            add(c, "one", ["--direct", "--outstanding", "1", "--seconds", o.seconds])
            add(c, "many", ["--outstanding", "32", "--seconds", o.seconds])
    for _ in range(o.rounds):
        for c in found:
            most = statistics.median(f["tasks_s"] for f in runs[c[0], "many"])
            add(c, "half", ["--rate", str(max(most / 2, 1)), "--seconds", o.seconds])
            if most >= GOAL_TASKS_S:
                add(c, "goal", ["--rate", str(GOAL_TASKS_S / 2), "--seconds", o.seconds])
    for c in found:
        add(c, "idle", ["--idle-helpers", o.idle, "--seconds", "0"])
    return runs


def table(found, runs):
    def value(c, row):
        got = [f[row[2]] for f in runs.get((c[0], row[1]), []) if row[2] in f]
        return statistics.median(got) if got else None

    # A coordinator of old stands beside our hub in its own vocabulary, and how far apart they are.
    ours = {c[1]: c for c in found if c[0].startswith("shoal")}
    head = [c[0] + (" (shoal is better by)" if c[1] in ours and c is not ours[c[1]] else "")
            for c in found]
    print("| " + " | ".join([f"{'':40}"] + head) + " |")
    print("|" + "---|" * (len(found) + 1))
    for row in ROWS:
        cells = []
        for c, title in zip(found, head):
            v = value(c, row)
            cell = "-" if v is None else row[3].format(v)
            us = value(ours[c[1]], row) if c[1] in ours and c is not ours[c[1]] else None
            if us and v and row[4] is not None:
                cell += f" ({us / v if row[4] else v / us:.1f} x)"
            cells.append(f"{cell:>{len(title)}}")
        print("| " + " | ".join([f"{row[0]:40}"] + cells) + " |")


def main():
    o = options()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the coordinators inherit it
    found = coordinators(o)
    if not found:
        sys.exit("hub.py: nothing to measure")
    table(found, measure_all(o, found))


main()
