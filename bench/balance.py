#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How even are tiles? CPU time per tile, max over mean, for frames of both scenes.

usage: balance.py SHOAL [SIZE [SPP [FRAMES [HELPERS]]]]   (640x360 32 4 2)
Starts a hub and helpers on loopback; the figure is by CPU time per tile, so that helpers that
share two cores do not blur it. Frame 0 is planned from the probe, later ones from what the last
frame measured, while the camera moves.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

SHOAL, SIZE, SPP, FRAMES, HELPERS = (sys.argv[1:] + ["640x360", "32", "4", "2"][len(sys.argv) - 2:])
TILES = "16"


def wait_for(path, words):
    while words not in open(path).read():
        time.sleep(0.05)


def run(folder, scene):
    log = os.path.join(folder, "hub.log")
    processes = [subprocess.Popen([SHOAL, "hub", "--listen", "127.0.0.1:0", "--state",
                                   folder + "/hub"], stdout=open(log, "w"))]
    try:
        wait_for(log, "listening on")
        hub = open(log).read().split("listening on ")[1].split()[0]
        for i in range(int(HELPERS)):
            name = f"{folder}/helper-{i}"
            processes.append(subprocess.Popen(
                [SHOAL, "helper", "--hub", hub, "--slots", "1", "--state", name],
                stdout=open(name + ".log", "w")))
            wait_for(name + ".log", "Ready")
        out = subprocess.run(
            [SHOAL, "play", "--hub", hub, "--state", folder + "/gamer", "--token-file",
             folder + "/hub/token", "--scene", scene, "--size", SIZE, "--spp", SPP, "--frames",
             FRAMES, "--tiles", TILES, "--out", folder + "/x.png", "--json"],
            check=True, capture_output=True, text=True).stdout
    finally:
        for p in processes:
            p.terminate()
            p.wait()
    cost = {}
    for e in map(json.loads, out.splitlines()):
        if e["event"] == "tile":
            tiles = cost.setdefault(e["frame"], {})
            tiles[e["tile"]] = tiles.get(e["tile"], 0) + e["cpu_ms"]
    for frame, tiles in sorted(cost.items()):
        mean = sum(tiles.values()) / len(tiles)
        print(f"{scene:12} frame {frame}: {len(tiles)} tiles, mean {mean:8.1f} ms of one core, "
              f"max/mean {max(tiles.values()) / mean:.3f}, min/mean {min(tiles.values()) / mean:.3f}")


for scene in ("cornell", "neon-street"):
    with tempfile.TemporaryDirectory(prefix="shoal-balance-") as folder:
        run(folder, scene)
