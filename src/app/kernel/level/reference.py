#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Looks at maps as scipy does: usage reference.py FILE COUNT; FILE: octile maps, one by one.
"""Every map is one piece (scipy.ndimage.label), as large as it says, of known cells; a dungeon's
edge is closed. Exit status 1, and words, if one is not."""
import sys

import numpy
from scipy import ndimage


def read_map(f):
    head = f.readline()
    if not head:
        return None
    assert head == "type octile\n", head
    height = int(f.readline().split("height ")[1])
    width = int(f.readline().split("width ")[1])
    assert f.readline() == "map\n"
    rows = [f.readline() for _ in range(height)]
    assert all(len(row) == width + 1 and row[-1] == "\n" for row in rows)
    return numpy.array([list(row[:-1]) for row in rows])


def check(cells, number):
    assert set(numpy.unique(cells)) <= set(".@T"), number
    is_open = cells == "."
    pieces = ndimage.label(is_open)[1]
    assert pieces == 1, f"map {number}: {pieces} pieces"
    assert 0.1 < is_open.mean() < 0.9, f"map {number}: {is_open.mean()} open"
    edge = numpy.concatenate((is_open[0], is_open[-1], is_open[:, 0], is_open[:, -1]))
    is_city = "T" in cells
    assert edge.all() if is_city else not edge.any(), f"map {number}: its edge"


def main():
    count = 0
    with open(sys.argv[1], encoding="ascii") as f:
        while (cells := read_map(f)) is not None:
            check(cells, count)
            count += 1
    assert count == int(sys.argv[2]), count


main()
