#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Are the scheduler's constants good, or only good at the scenarios they were chosen with?

usage: bench/sched_cross.py [BUILD] [SCENARIO-FILE-OR-FOLDER...] [--runs N] [--splits N]

Every variant of the main constants plays every scenario. Then, many times over: the best variant on
a random half of the scenarios is taken to the other half, and compared there with the constants
that ship and with the best that could have been chosen there. The score of a scenario is the
geometric mean of three ratios to a random choice: mean, p99, late; less is better.
BUILD [build] is where Meson built; variants are compiled into a temporary folder.
"""
import glob
import itertools
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(ROOT, "src/app/work")
CONSTANTS = {  # (file, name): what is tried, as factors of what ships
    ("sched", "PRICE_WEIGHT"): (0.5, 1, 2),
    ("sched", "BACKUP_SHARE"): (0.6, 1, 1.4),
    ("policy", "EARLY_WORTH"): (0.5, 1, 1.7),
}
SOURCES = ("sched", "predict", "policy", "lane", "price", "refine", "trees")


def compiled(build, folder, factors):
    """A program with these constants."""
    name = os.path.join(folder, "-".join(str(x) for x in factors))
    shutil.copytree(WORK, os.path.join(name, "work"))
    for ((file, constant), factor) in zip(CONSTANTS, factors):
        path = os.path.join(name, "work", file + ".c")
        text = open(path, encoding="utf-8").read()
        text, count = re.subn(r"(#define %s +)([0-9.]+)" % constant,
                              lambda m, f=factor: m.group(1) + repr(float(m.group(2)) * f), text)
        if count != 1:
            sys.exit(f"{file}.c: no {constant}")
        open(path, "w", encoding="utf-8").write(text)
    source = [os.path.join(name, "work", s + ".c") for s in SOURCES]
    source += [os.path.join(ROOT, p) for p in ("bench/sched_cross.c", "src/prog/sim/sched_run.c",
                                               "src/prog/sim/sched_fit.c")]
    include = [name] + [os.path.join(ROOT, "src", d) for d in (".", "edge", "core")]
    libs = [os.path.join(build, p) for p in ("src/edge/libsim.a", "src/edge/libos.a",
                                             "src/core/libcore.a")]
    flags = subprocess.run(["pkg-config", "--libs", "libuv", "xgboost", "jansson", "libcrypto"],
                           check=True, capture_output=True, text=True).stdout.split()
    out = os.path.join(name, "run")
    subprocess.run(["cc", "-std=c17", "-O2", "-ffp-contract=off", "-D_GNU_SOURCE"]
                   + ["-I" + i for i in include] + source + libs + flags + ["-lm", "-o", out],
                   check=True)
    return out


def scores(program, runs, files):
    """Of each scenario: {name: (score, mean, p99, late as ratios)}"""
    text = subprocess.run([program, str(runs)] + files, check=True, capture_output=True,
                          text=True).stdout
    of = {}
    for line in text.splitlines():
        name, *numbers = line.split()
        x = [float(n) for n in numbers]
        ratio = [max(b, 1e-4) / max(a, 1e-4) for a, b in zip(x[:3], x[3:])]
        of[name] = (math.prod(ratio) ** (1 / 3), *ratio)
    return of


def best(table, names):
    return min(table, key=lambda v: sum(math.log(table[v][n][0]) for n in names))


def mean_of(table, variant, names):
    return math.exp(sum(math.log(table[variant][n][0]) for n in names) / len(names))


def main():
    args = sys.argv[1:]
    numbers = {"--runs": 2, "--splits": 400}
    for key in numbers:
        if key in args:
            at = args.index(key)
            numbers[key] = int(args[at + 1])
            del args[at:at + 2]
    if "-h" in args or "--help" in args:
        print(__doc__)
        return
    build = os.path.abspath(args.pop(0)) if args else os.path.join(ROOT, "build")
    files = []
    for path in args or [os.path.join(ROOT, "test/scenario")]:
        files += sorted(glob.glob(path + "/*.json")) if os.path.isdir(path) else [path]
    shipped = tuple(1 for _ in CONSTANTS)
    variants = list(itertools.product(*CONSTANTS.values()))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        run = lambda v: scores(compiled(build, folder, v), numbers["--runs"], files)
        table = dict(zip(variants, pool.map(run, variants)))
    names = list(table[shipped])
    print(f"{len(variants)} variants, {len(names)} scenarios, {numbers['--runs']} runs of each;"
          " less is better")
    print(f"{'scenario':18}{'mean':>7}{'p99':>7}{'late':>7}{'score':>7}  best variant (score)")
    for n in names:
        score, *ratio = table[shipped][n]
        b = best(table, [n])
        print(f"{n:18}" + "".join(f"{x:7.3f}" for x in ratio) + f"{score:7.3f}"
              + f"  {b} ({table[b][n][0]:.3f})")
    dice = random.Random(1)
    sums = [0.0, 0.0, 0.0]
    for _ in range(numbers["--splits"]):
        half = set(dice.sample(names, len(names) // 2))
        other = [n for n in names if n not in half]
        for i, v in enumerate((shipped, best(table, half), best(table, other))):
            sums[i] += math.log(mean_of(table, v, other)) / numbers["--splits"]
    print(f"the other half: as shipped {math.exp(sums[0]):.4f}, tuned on the first"
          f" {math.exp(sums[1]):.4f}, the best there {math.exp(sums[2]):.4f}"
          f" (means of {numbers['--splits']} random halves)")
    for label, v in (("as shipped", shipped), ("best of all", best(table, names))):
        print(f"{label}: {' '.join(f'{c[1]} x{f}' for c, f in zip(CONSTANTS, v))}"
              f" {mean_of(table, v, names):.4f}")


main()
