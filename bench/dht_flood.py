#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Answers per CPU second of a DHT node, beside libtorrent's and jech/dht's.

usage: dht_flood.py BUILD [--rounds N] [--seconds S] [--jech FOLDER] [--only NAME,...]

Each node runs alone, pinned to core 0, with its limits off and CONTACTS nodes in its table that
answer; dht_flood, on core 1, asks as fast as answers come. CPU time is the node's own, user and
system, all threads, from /proc/PID/stat. A figure is the median of the rounds, which take turns
between the nodes. FOLDER: a checkout of github.com/jech/dht; it is built in a temporary folder
with its limit of 100 answers a second raised and loopback allowed. libtorrent: python3-libtorrent.
"""
import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../test"))
from krpc import Peer, serve_all  # noqa: E402 (it lives with the tests)

CONTACTS = 64
QUERIES = ("ping", "find_node", "get_peers", "get")
TICKS = os.sysconf("SC_CLK_TCK")
KNOWN_S = 90.0
LIBTORRENT = """
import libtorrent, sys, time
s = libtorrent.session({'listen_interfaces': '127.0.0.1:' + sys.argv[1], 'enable_lsd': False,
    'enable_upnp': False, 'enable_natpmp': False, 'dht_bootstrap_nodes': '', 'alert_mask': 0,
    'dht_restrict_routing_ips': False, 'dht_restrict_search_ips': False,
    'dht_prefer_verified_node_ids': False, 'dht_block_ratelimit': 100000000,
    'dht_upload_rate_limit': 2000000000})
time.sleep(3600)
"""


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_s(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def build_jech(source, folder):
    into = os.path.join(folder, "jech")
    os.mkdir(into)
    for name in ("dht.c", "dht.h", "dht-example.c"):
        shutil.copy(os.path.join(source, name), into)
    path = os.path.join(into, "dht.c")
    text = open(path).read()
    for old, new in (("#define MAX_TOKEN_BUCKET_TOKENS 400", "#define MAX_TOKEN_BUCKET_TOKENS 2000000000"),
                     ("100 * (now.tv_sec - token_bucket_time)", "2000000000"),
                     ("(address[0] == 127)", "0")):
        assert old in text, old
        text = text.replace(old, new)
    open(path, "w").write(text)
    subprocess.run(["cc", "-O2", "-g", "-o", "node", "dht.c", "dht-example.c", "-lcrypt"], cwd=into,
                   check=True, capture_output=True)
    return os.path.join(into, "node")


class Node:
    """A node with contacts that answer, until it is stopped."""

    def __init__(self, words, folder, port):
        self.address = ("127.0.0.1", port)
        self.process = subprocess.Popen(["taskset", "-c", "0", *words], cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.peers = [Peer() for _ in range(CONTACTS)]
        threading.Thread(target=serve_all, args=(self.peers, 3600), daemon=True).start()

    def fill(self):
        """Until an answer of its has eight nodes, asked by all contacts again and again."""
        end = time.monotonic() + KNOWN_S
        asker = Peer()
        while time.monotonic() < end:
            for p in self.peers:
                p.send(self.address, {"t": b"fi", "y": "q", "q": "find_node",
                                      "a": {"id": p.id, "target": os.urandom(20)}})
            time.sleep(1)
            r = asker.ask(self.address, "find_node", {"target": os.urandom(20)}, tries=1,
                          top={"ro": 1})
            if r and len(r.get(b"r", {}).get(b"nodes", b"")) >= 8 * 26:
                return
        raise SystemExit("a node knows nobody after a minute and a half")

    def measure(self, flood, query, seconds):
        before = cpu_s(self.process.pid)
        out = subprocess.run(["taskset", "-c", "1", flood, "%s:%d" % self.address, query,
                              str(seconds)], check=True, capture_output=True, text=True).stdout
        r = json.loads(out)
        cpu = cpu_s(self.process.pid) - before
        return {**r, "cpu_s": cpu, "per_cpu_s": r["answers"] / cpu if cpu > 0 else 0}

    def stop(self):
        self.process.terminate()
        self.process.wait()


def nodes_of(o, folder):
    """Names and command lines; PORT stands for the port."""
    shoal = os.path.join(o.build, "shoal")
    found = {"shoal": [shoal, "node", "--bind", "127.0.0.1", "--port", "PORT", "--no-lan", "--db",
                       folder + "/db", "--source-rate", "0", "--answer-rate", "0"]}
    if o.jech:
        found["jech"] = [build_jech(o.jech, folder), "-q", "-4", "-b", "127.0.0.1", "PORT"]
    if subprocess.run(["/usr/bin/python3", "-c", "import libtorrent"], check=False,
                      capture_output=True).returncode == 0:
        found["libtorrent"] = ["/usr/bin/python3", "-c", LIBTORRENT, "PORT"]
    return {k: v for k, v in found.items() if not o.only or k in o.only.split(",")}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("build")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=3)
    p.add_argument("--jech")
    p.add_argument("--only")
    o = p.parse_args()
    o.build = os.path.abspath(o.build)
    flood = os.path.join(o.build, "bench/dht_flood")
    got = {}
    with tempfile.TemporaryDirectory(prefix="shoal-flood-") as folder:
        running = {}
        try:
            for name, words in nodes_of(o, folder).items():
                port = free_port()
                running[name] = Node([str(port) if w == "PORT" else w for w in words], folder, port)
            for node in running.values():
                node.fill()
            for _ in range(o.rounds):
                for query in QUERIES:
                    for name, node in running.items():
                        if (name, query) == ("jech", "get"):
                            continue  # it has no BEP 44
                        got.setdefault((query, name), []).append(
                            node.measure(flood, query, o.seconds))
        finally:
            for node in running.values():
                node.stop()
    print(f"{'query':10} {'node':11} {'answers/CPU s':>13} {'lowest':>9} {'highest':>9} "
          f"{'bytes':>6} {'lost %':>6} {'to shoal':>8}")
    for query in QUERIES:
        ours = statistics.median(r["per_cpu_s"] for r in got.get((query, "shoal"), [{"per_cpu_s": 0}]))
        for name in running:
            rs = got.get((query, name))
            if not rs:
                continue
            each = [r["per_cpu_s"] for r in rs]
            median = statistics.median(each)
            lost = sum(r["lost"] for r in rs) / sum(r["sent"] for r in rs)
            print(f"{query:10} {name:11} {median:13.0f} {min(each):9.0f} {max(each):9.0f} "
                  f"{rs[-1]['answer_bytes']:6.0f} {100 * lost:6.2f} {median / ours if ours else 0:8.2f}")


if __name__ == "__main__":
    main()
