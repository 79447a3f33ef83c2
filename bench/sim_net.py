#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# All shipped networks at full size, one after another: a row each, and whether goals were met.
"""usage: bench/sim_net.py [--seed N] [--again] [SCENARIO...]

--again plays each one twice and compares the hashes. Exit status 1: something happened that never
may, a goal was missed, or a hash differs. Some five minutes of one core for all of them.
"""
import argparse
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEAD = ("network", "found %", "right %", "absent %", "besieged %", "first ms p50", "p99", "end ms p50",
        "hops", "queries", "unansw %", "pkts/min", "kB/min", "KiB", "x real", "s")


def play(path, seed):
    words = [os.path.join(ROOT, "build/shoal"), "sim", "net", path, "--json"]
    if seed:
        words += ["--seed", str(seed)]
    r = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if not r.stdout:
        sys.exit(r.stderr.strip())
    return json.loads(r.stdout), r


def row(f):
    def share(what):
        return f"{100 * what['right']:.2f}" if what["asked"] else "-"
    return (f["scenario"], f"{100 * f['all']['found']:.2f}", share(f["all"]), share(f["absent"]),
            share(f["besieged"]), f"{f['first_ms_p50']:.0f}", f"{f['first_ms_p99']:.0f}",
            f"{f['done_ms_p50']:.0f}", f"{f['hops']:.2f}", f"{f['queries']:.1f}",
            f"{100 * f['unanswered']:.1f}", f"{f['datagrams_node_min']:.0f}",
            f"{f['bytes_node_min'] / 1000:.1f}", f"{f['node_bytes'] / 1024:.1f}",
            f"{f['simulated_s'] / max(f['run_s'], 1e-9):.0f}", f"{f['run_s']:.0f}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("scenario", nargs="*",
                        default=sorted(glob.glob(os.path.join(ROOT, "scenario/net/*.json"))))
    o = parser.parse_args()
    print("| " + " | ".join(HEAD) + " |\n" + "| --- " * len(HEAD) + "|")
    failed = []
    for path in o.scenario:
        f, r = play(path, o.seed)
        print("| " + " | ".join(row(f)) + " |", flush=True)
        if r.returncode != 0:
            failed.append(r.stderr.strip())
        if o.again and play(path, o.seed)[0]["hash"] != f["hash"]:
            failed.append(f"{path}: another hash the second time")
    for line in failed:
        print(line, file=sys.stderr)
    sys.exit(1 if failed else 0)


main()
