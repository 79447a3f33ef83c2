#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How even are tiles? CPU time per tile, max over mean, for frames of both scenes.

usage: bench/balance.py [--size 640x360] [--spp 32] [--frames 4] [--helpers 2] [--build build]

Starts a hub and helpers on loopback; the figure is by CPU time per tile, so that helpers that
share two cores do not blur it. Frame 0 is planned from the probe, later ones from what the last
frame measured, while the camera moves.
"""
from rig import Rig, parser_of

TILES = 16
FRAMES_S = 600  # for all of a scene


def options():
    parser = parser_of(__doc__, has_json=False)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--spp", type=int, default=32)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--helpers", type=int, default=2)
    return parser.parse_args()


def costs(o, scene):
    """{frame: {tile: ms of one core}}"""
    found = {}
    with Rig(o, o.helpers) as rig:
        game = rig.play("--scene", scene, "--size", o.size, "--spp", o.spp, "--frames", o.frames,
                        "--tiles", TILES, "--out", rig.path("x.png"))
        game.end("frame", FRAMES_S)
        for e in game.of("tile"):
            tiles = found.setdefault(e["frame"], {})
            tiles[e["tile"]] = tiles.get(e["tile"], 0) + e["cpu_ms"]
    return found


def main():
    o = options()
    for scene in ("cornell", "neon-street"):
        for frame, tiles in sorted(costs(o, scene).items()):
            mean = sum(tiles.values()) / len(tiles)
            print(f"{scene:12} frame {frame}: {len(tiles)} tiles, mean {mean:8.1f} ms of one core, "
                  f"max/mean {max(tiles.values()) / mean:.3f}, "
                  f"min/mean {min(tiles.values()) / mean:.3f}")


main()
