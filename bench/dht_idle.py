#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a node of the DHT costs when nobody wants anything: bytes a day, packets a minute.

usage: dht_idle.py SHOAL [--shoal N] [--libtorrent N] [--warm S] [--seconds S] [--metered]

Starts so many nodes of ours and of libtorrent, each on an address of its own in 127.0.0.0/8,
all of which begin with the first; the last of ours is watched. After --warm seconds its figures
are taken from its status lines, with UDP's and IPv4's heads counted, and again --seconds later.
That is a small network at rest: where thousands are, more ask us; see the queries answered.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time

LIBTORRENT = """
import libtorrent, sys, time
sessions = []
for i in range(int(sys.argv[2])):
    s = libtorrent.session({'listen_interfaces': '127.2.%d.1:6881' % i, 'enable_lsd': False,
        'enable_upnp': False, 'enable_natpmp': False, 'dht_bootstrap_nodes': '', 'alert_mask': 0,
        'dht_restrict_routing_ips': False, 'dht_restrict_search_ips': False,
        'dht_prefer_verified_node_ids': False})
    s.add_dht_node((sys.argv[1], 6881))
    sessions.append(s)
time.sleep(7200)
"""


def status(path):
    lines = [x for x in open(path).read().splitlines() if '"status"' in x]
    return json.loads(lines[-1]) if lines else None


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("shoal")
    p.add_argument("--shoal", dest="ours", type=int, default=40)
    p.add_argument("--libtorrent", type=int, default=10)
    p.add_argument("--warm", type=int, default=120)
    p.add_argument("--seconds", type=int, default=600)
    p.add_argument("--metered", action="store_true")
    o = p.parse_args()
    processes = []
    with tempfile.TemporaryDirectory(prefix="shoal-idle-") as folder:
        def start(i, *words):
            log = f"{folder}/{i}.log"
            processes.append(subprocess.Popen(
                [o.shoal, "node", "--bind", f"127.1.{i}.1", "--port", "6881", "--no-lan", "--json",
                 "--no-routers", "--status", "1", "--db", f"{folder}/{i}", *words],
                stdout=open(log, "w"), stdin=subprocess.DEVNULL))
            return log
        try:
            start(0)
            for i in range(1, o.ours - 1):
                start(i, "--bootstrap", "127.1.0.1:6881")
            if o.libtorrent:
                processes.append(subprocess.Popen(["/usr/bin/python3", "-c", LIBTORRENT, "127.1.0.1",
                                                   str(o.libtorrent)], stdin=subprocess.DEVNULL))
            time.sleep(10)
            log = start(o.ours - 1, "--bootstrap", "127.1.0.1:6881",
                        *(["--metered"] if o.metered else []))
            time.sleep(o.warm)
            a = status(log)
            time.sleep(o.seconds)
            b = status(log)
        finally:
            for x in processes:
                x.terminate()
                x.wait()
    seconds = b["up_s"] - a["up_s"]
    d = {k: b[k] - a[k] for k in ("in_packets", "out_packets", "in_bytes", "out_bytes", "endpoints",
                                  "answers_in", "answers_out", "timeouts")}
    both = d["in_bytes"] + d["out_bytes"]
    print(f"{o.ours} of ours, {o.libtorrent} of libtorrent; watched{' (metered)' if o.metered else ''}"
          f" for {seconds:.0f} s, good contacts {b['good']}")
    print(f"joining took {a['out_packets']} packets out, {a['in_packets']} in, "
          f"{(a['in_bytes'] + a['out_bytes']) / 1e3:.1f} kB")
    print(f"idle: {both / seconds * 86400 / 1e6:.2f} MB/day, "
          f"{(d['in_packets'] + d['out_packets']) / seconds * 60:.1f} packets/min; of these out "
          f"{d['out_bytes'] / seconds * 86400 / 1e6:.2f} MB/day, "
          f"{d['out_packets'] / seconds * 60:.1f} packets/min")
    print(f"queries answered {d['answers_out']}, own answered {d['answers_in']}, "
          f"timeouts {d['timeouts']}, new endpoints {d['endpoints']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
