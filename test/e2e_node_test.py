#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole runs of nodes of the DHT: with one another, and with real Mainline clients.

Every client knows one node alone, ours or another client's, so what it finds it found through
that one. libtorrent runs in this process, npm's bittorrent-dht and Transmission in their own.
"""
import hashlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import dht_conform
from e2e_world import SHOAL, WAIT_S, main, one_line, read, run, wait_for
from krpc import Peer, nodes

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODULES = os.path.join(ROOT, ".cache/node/node_modules")
MUTANTS = 100000
SKIP = 77
HOST = os.environ.get("SHOAL_E2E_HOST", "127.0.0.1")  # where everybody listens


# ---- Our own

def events(path):
    return [json.loads(line) for line in read(path).splitlines() if line.startswith("{")]


def node(w, name, *words, bootstrap=(), db=None):
    """A node of ours that listens on loopback; name: its own, and its log's."""
    p = w.command(name, "node", "--bind", HOST, "--port", "0", "--json", "--no-lan", "--no-routers",
                "--status", "1", "--db", w.path(db or name + "-db"),
                *(x for b in bootstrap for x in ("--bootstrap", b)), *words)
    wait_for(lambda: '"listening"' in read(p.log), f"{name} to listen", p)
    p.at = events(p.log)[0]["at"]
    p.address = (HOST, int(p.at.rsplit(":", 1)[1]))
    return p


def last_status(p):
    return [e for e in events(p.log) if e["event"] in ("status", "end")][-1]


def knows(p, count):
    return lambda: any(e.get("good", 0) >= count for e in events(p.log))


def dht(w, *words, bootstrap=None, db="tool-db"):
    """`shoal dht` once; with the objects that it printed."""
    r = run([SHOAL, "dht", *words, "--json", "--bind", HOST, "--no-lan", "--no-routers", "--db",
             w.path(db), "--state", w.path("tool"), *(("--bootstrap", bootstrap) if bootstrap else ())])
    r.events = [json.loads(line) for line in r.stdout.splitlines()]
    return r


def done(r):
    assert r.returncode == 0 and r.events[-1]["event"] == "done", r
    return r.events[-1]


def peers_of(r):
    return {e["address"] for e in r.events if e["event"] == "peer"}


def item_of(r):
    done(r)
    return next(e for e in r.events if e["event"] == "item")


def swarm(w, count=4):
    """A few nodes of ours, of which the first is known to all others."""
    first = node(w, "node-0")
    rest = [node(w, f"node-{i}", bootstrap=[first.at]) for i in range(1, count)]
    for p in rest:
        wait_for(lambda p=p: '"joined"' in read(p.log), f"{p.log} to join", p)
    return [first, *rest]


# ---- Others

class Libtorrent:
    """A session of libtorrent that knows one node."""

    def __init__(self, known):
        import libtorrent
        self.lt = libtorrent
        self.session = libtorrent.session({
            "listen_interfaces": "127.0.0.1:0", "enable_lsd": False, "enable_upnp": False,
            "enable_natpmp": False, "dht_bootstrap_nodes": "", "dht_restrict_routing_ips": False,
            "dht_restrict_search_ips": False, "dht_prefer_verified_node_ids": False,
            # All are one host here, and ask more than anybody would.
            "dht_block_ratelimit": 100000, "dht_upload_rate_limit": 10000000,
            "alert_mask": libtorrent.alert.category_t.all_categories})
        wait_for(lambda: self.session.listen_port() != 0, "libtorrent to listen")
        self.at = f"127.0.0.1:{self.session.listen_port()}"
        if known:
            host, port = known.rsplit(":", 1)
            self.session.add_dht_node((host, int(port)))
            wait_for(self.knows_somebody, "libtorrent to know a node")

    def knows_somebody(self):
        self.session.post_dht_stats()
        return any(type(a).__name__ == "dht_stats_alert" and
                   sum(b["num_nodes"] for b in a.routing_table) > 0
                   for a in self.session.pop_alerts())

    def wait(self, kind, is_it=lambda a: True, again=None):
        """The first alert of a kind; asks again every few seconds, as a client would."""
        end, next_try = time.monotonic() + WAIT_S, 0
        while time.monotonic() < end:
            if again and time.monotonic() > next_try:
                again()
                next_try = time.monotonic() + 5
            for a in self.session.pop_alerts():
                if type(a).__name__ == kind and is_it(a):
                    return a
            time.sleep(0.05)
        raise AssertionError(f"no {kind} of libtorrent")

    def hash(self, hex_digits):
        return self.lt.sha1_hash(bytes.fromhex(hex_digits))

    def announce(self, info_hash, folder):
        """As a torrent of this session, whose peers are to connect to `at`."""
        p = self.lt.add_torrent_params()
        p.info_hashes = self.lt.info_hash_t(self.hash(info_hash))
        p.save_path = folder
        self.session.add_torrent(p).force_dht_announce()

    def find_peer(self, info_hash, peer):
        wanted = (peer.rsplit(":", 1)[0], int(peer.rsplit(":", 1)[1]))
        self.wait("dht_get_peers_reply_alert", lambda a: wanted in [tuple(p) for p in a.peers()],
                  lambda: self.session.dht_get_peers(self.hash(info_hash)))

    def put(self, value):
        target = str(self.session.dht_put_immutable_item(value))
        a = self.wait("dht_put_alert")
        assert a.num_success > 0, a.message()
        return target

    def get(self, target):
        a = self.wait("dht_immutable_item_alert", lambda a: a.item.get("value") or a.item,
                      lambda: self.session.dht_get_immutable_item(self.hash(target)))
        return a.message()

    def put_mutable(self, seed, value, salt):
        secret = bytearray(hashlib.sha512(seed).digest())  # RFC 8032 section 5.1.5
        secret[0] &= 248
        secret[31] = secret[31] & 63 | 64
        self.session.dht_put_mutable_item(bytes(secret), public_of(seed), value, salt)
        assert self.wait("dht_put_alert").num_success > 0

    def get_mutable(self, key, salt):
        return self.wait("dht_mutable_item_alert", lambda a: a.authoritative and a.seq > 0,
                         lambda: self.session.dht_get_mutable_item(key, salt))


def public_of(seed):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(
        Encoding.Raw, PublicFormat.Raw)


class Npm:
    """A process with npm's bittorrent-dht that knows one node."""

    def __init__(self, w, name, known):
        if not os.path.isdir(MODULES):
            print("npm packages are missing: tools/install-node")
            sys.exit(SKIP)
        self.log = w.path(name + ".log")
        self.process = subprocess.Popen(
            ["node", os.path.join(ROOT, "test/node/client.mjs"), MODULES, known or ""],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(self.log, "w"), text=True)
        self.process.log = self.log
        w.processes.append(self.process)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.at = f"127.0.0.1:{self.said('listening')}"
        self.said("ready")

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def said(self, key):
        while True:
            o = self.lines.get(timeout=WAIT_S)
            if key in o:
                return o[key]
            assert "error" not in o, o

    def order(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        return self.lines.get(timeout=WAIT_S)


class Transmission:
    """A transmission-daemon with nothing but its DHT, and one node to begin with."""

    def __init__(self, w, name, known):
        folder = w.path(name)
        os.mkdir(folder)
        with socket.socket() as a, socket.socket() as b:
            a.bind((HOST, 0))
            b.bind((HOST, 0))
            self.rpc, self.peer_port = a.getsockname()[1], b.getsockname()[1]
        with open(folder + "/settings.json", "w") as f:
            json.dump({"bind-address-ipv4": HOST, "bind-address-ipv6": "::1",
                       "dht-enabled": True, "lpd-enabled": False, "pex-enabled": False,
                       "utp-enabled": False, "port-forwarding-enabled": False,
                       "peer-port": self.peer_port, "peer-port-random-on-start": False,
                       "rpc-bind-address": HOST, "rpc-port": self.rpc,
                       "rpc-authentication-required": False, "rpc-whitelist-enabled": False,
                       "rpc-host-whitelist-enabled": False, "download-dir": folder,
                       "preallocation": 0}, f)
        with open(folder + "/dht.bootstrap", "w") as f:
            f.write(known.replace(":", " ") + "\n")
        log = open(w.path(name + ".log"), "w")
        self.process = subprocess.Popen(["transmission-daemon", "--foreground", "-g", folder],
                                        stdout=log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)
        self.process.log = log.name
        w.processes.append(self.process)
        self.session = ""
        wait_for(self.is_up, "Transmission to listen", self.process)

    def is_up(self):
        try:
            return self.call("session-get") is not None
        except OSError:
            return False

    def call(self, method, **arguments):
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        for _ in range(2):
            request = urllib.request.Request(
                f"http://{HOST}:{self.rpc}/transmission/rpc", body,
                {"X-Transmission-Session-Id": self.session})
            try:
                with urllib.request.urlopen(request, timeout=WAIT_S) as r:
                    return json.load(r)["arguments"]
            except urllib.error.HTTPError as e:
                self.session = e.headers["X-Transmission-Session-Id"]
        return None

    def add(self, info_hash):
        return self.call("torrent-add", filename=f"magnet:?xt=urn:btih:{info_hash}")


# ---- Cases: our nodes among themselves

def case_node_swarm(w):
    """Everything there is, put at one node and found at another."""
    nodes_ = swarm(w)
    ends = nodes_[1].at, nodes_[-1].at
    info_hash = os.urandom(20).hex()
    assert done(dht(w, "announce", info_hash, "--port", "4321", bootstrap=ends[0]))["stored"] >= 3
    assert peers_of(dht(w, "peers", info_hash, bootstrap=ends[1])) == {"127.0.0.1:4321"}
    target = done(dht(w, "put", "Hello World!", bootstrap=ends[0]))["target"]
    assert target == "e5f96f6f38320f0f33959cb4d3d656452117aadb"  # of BEP 44's test vectors
    assert item_of(dht(w, "get", target, bootstrap=ends[1]))["value"] == "Hello World!"
    r = dht(w, "get", target, "--out", w.path("value"), bootstrap=ends[1])
    assert r.returncode == 0 and read(w.path("value")) == "Hello World!"
    found = dht(w, "nodes", info_hash, bootstrap=ends[0])
    assert {e["address"] for e in found.events if e["event"] == "node"} == {n.at for n in nodes_}
    sample = dht(w, "sample", nodes_[0].at)
    assert any(info_hash in e["samples"] for e in sample.events if e["event"] == "samples"), sample
    pong = dht(w, "ping", nodes_[0].at)
    assert pong.events[0]["event"] == "pong" and pong.returncode == 0, pong


def case_node_mutable(w):
    """Keys, salts, numbers; an old one is refused, as is what --cas does not expect."""
    nodes_ = swarm(w)
    key = None
    for salt in ((), ("--salt", "card")):
        for seq, value in ((1, "one"), (2, "two")):
            e = done(dht(w, "put", value, "--mutable", *salt, "--seq", str(seq),
                         bootstrap=nodes_[1].at))
            assert key in (None, e["key"])  # the identity of --db
            key = e["key"]
        e = item_of(dht(w, "get", key, *salt, bootstrap=nodes_[2].at))
        assert (e["value"], e["seq"]) == ("two", 2), e
        for words in (("--seq", "1"), ("--seq", "9", "--cas", "7")):
            r = dht(w, "put", "late", "--mutable", *salt, *words, bootstrap=nodes_[1].at)
            assert r.returncode == 1 and r.events[-1]["event"] == "done", r
    done(dht(w, "put", "three", "--mutable", "--seq", "3", "--cas", "2", bootstrap=nodes_[1].at))
    r = dht(w, "put", "now", "--key-file", w.path("tool-db/identity"), bootstrap=nodes_[1].at)
    assert done(r)["seq"] > 1700000000000  # milliseconds since 1970
    assert item_of(dht(w, "get", key, bootstrap=nodes_[3].at))["value"] == "now"


def case_node_records(w):
    """Who provides an object, signed, among shoal's nodes."""
    nodes_ = swarm(w)
    subject = hashlib.sha256(b"object").hexdigest()
    done(dht(w, "provide", subject, bootstrap=nodes_[1].at))
    r = dht(w, "providers", subject, bootstrap=nodes_[2].at)
    done(r)
    public = read(w.path("tool-db/identity")).split("public ")[1][:64]
    found = [e["node"] for e in r.events if e["event"] == "provider"]
    assert found == [hashlib.sha256(bytes.fromhex(public)).hexdigest()], r


def case_node_returns(w):
    """A node finds the network again from what it saved, killed or not; or starts without it."""
    nodes_ = swarm(w)
    late = node(w, "late", bootstrap=[nodes_[0].at])
    wait_for(knows(late, 3), "late to know others", late)
    late.send_signal(signal.SIGINT)
    assert late.wait(WAIT_S) == 0 and last_status(late)["event"] == "end"
    again = node(w, "again", db="late-db")
    wait_for(lambda: '"joined"' in read(again.log), "again to join", again)
    assert item_less(dht(w, "peers", "00" * 20, db="late-db")) == 1  # the tool knows them too
    again.kill()
    again.wait(WAIT_S)
    with open(w.path("late-db/dht-table"), "r+b") as f:
        f.write(b"damaged")
    third = node(w, "third", db="late-db")
    assert "damaged" in read(third.log)
    assert '"joined"' not in read(third.log)


def item_less(r):
    assert r.events and r.events[-1]["event"] == "done", r
    return r.returncode


def case_node_lan(w):
    """Two nodes that know nobody find one another by multicast."""
    def start(name):
        p = w.command(name, "node", "--bind", "127.0.0.1", "--port", "0", "--json", "--status", "1",
                    "--db", w.path(name + "-db"))
        wait_for(lambda: '"listening"' in read(p.log), f"{name} to listen", p)
        return p
    first = start("first")
    second = start("second")
    for p in (first, second):
        wait_for(lambda p=p: '"joined"' in read(p.log), "two to meet", p)


def case_node_read_only(w):
    """Asks and is not asked; nobody keeps it."""
    nodes_ = swarm(w, 3)
    quiet = node(w, "quiet", "--read-only", bootstrap=[nodes_[0].at])
    wait_for(knows(quiet, 2), "it to know others", quiet)
    assert Peer().ask(quiet.address, "ping", wait_s=0.5, tries=2) is None
    for n in nodes_:
        for _ in range(8):
            r = Peer().ask(n.address, "find_node", {"target": os.urandom(20)}, top={"ro": 1})
            assert quiet.address not in [a for _, a in nodes(r[b"r"][b"nodes"])]


def case_node_clear_errors(w):
    first = node(w, "first")
    port = first.at.rsplit(":", 1)[1]
    words = ("--no-lan", "--bind", "127.0.0.1", "--state", w.path("x"))

    def told(code, *words_, parts):
        one_line(run([SHOAL, *words_]), code, *parts)
    told(1, "node", "--port", port, *words, parts=("cannot listen on 127.0.0.1:" + port, "in use"))
    told(2, "node", "--bind", "nowhere", "--no-lan", "--state", w.path("x"),
         parts=("--bind nowhere", "address"))
    told(2, "node", "--bootstrap", "nowhere", *words, parts=("--bootstrap nowhere", "HOST:PORT"))
    told(2, "node", "--port", "65536", *words, parts=("--port", "65535"))
    told(2, "dht", "pers", "00" * 20, *words, parts=("did you mean peers?",))
    told(2, "dht", "peers", "00", *words, parts=("peers wants an info-hash",))
    told(2, "dht", "get", "00" * 20, "--salt", "x", *words, parts=("--salt: a key",))
    told(2, "dht", "put", *words, parts=("put wants a text",))
    told(2, "dht", "put", "x" * 1000, *words, parts=("too long",))
    told(2, "dht", "put", "d1:b0:1:a0:e", "--bencoded", *words, parts=("not bencoded",))
    told(2, "dht", "put", "x", "--seq", "1", *words, parts=("--mutable",))
    told(2, "dht", "peers", "00" * 20, "--out", "x", *words, parts=("--out is for get",))
    told(1, "dht", "put", "x", "--key-file", w.path("none"), *words, parts=("none",))
    told(1, "dht", "peers", "00" * 20, *words, parts=("nobody to ask",))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        at = "127.0.0.1:%d" % deaf.getsockname()[1]
        told(1, "dht", "peers", "00" * 20, "--bootstrap", at, "--timeout", "2", *words,
             parts=("no node could be reached within 2 s",))
    r = dht(w, "get", "00" * 20, bootstrap=first.at)
    assert r.returncode == 1 and r.events[-1]["event"] == "done", r
    for page in ("node", "dht"):
        r = run([SHOAL, page, "--help"])
        assert r.returncode == 0 and max(map(len, r.stdout.splitlines())) <= 80


# ---- Cases: real clients

def case_node_libtorrent(w):
    """Two libtorrents that know only our node; then we, who know only a libtorrent."""
    ours = node(w, "ours")
    one, two = Libtorrent(ours.at), Libtorrent(ours.at)
    info_hash = os.urandom(20).hex()
    one.announce(info_hash, w.path("one"))
    wait_for(lambda: one.at in peers_of(dht(w, "peers", info_hash, bootstrap=ours.at)),
             "libtorrent's announcement")
    two.find_peer(info_hash, one.at)
    done(dht(w, "announce", info_hash, "--port", "4322", bootstrap=ours.at))
    two.find_peer(info_hash, "127.0.0.1:4322")

    target = one.put(b"by libtorrent")
    assert item_of(dht(w, "get", target, bootstrap=ours.at))["value"] == "by libtorrent"
    assert "by libtorrent" in two.get(target)
    target = done(dht(w, "put", "by shoal", bootstrap=ours.at))["target"]
    assert "by shoal" in two.get(target)

    seed = os.urandom(32)
    one.put_mutable(seed, b"signed by libtorrent", b"salt")
    e = item_of(dht(w, "get", public_of(seed).hex(), "--salt", "salt", bootstrap=ours.at))
    assert (e["value"], e["seq"]) == ("signed by libtorrent", 1), e
    e = done(dht(w, "put", "signed by shoal", "--mutable", "--salt", "s", bootstrap=ours.at))
    a = two.get_mutable(bytes.fromhex(e["key"]), b"s")
    assert a.seq == e["seq"] and "signed by shoal" in a.message(), a.message()

    # Through theirs: a node of ours, and the tool, that know a libtorrent alone.
    other = node(w, "other", bootstrap=[two.at])
    wait_for(lambda: '"joined"' in read(other.log), "our node to join by libtorrent", other)
    assert one.at in peers_of(dht(w, "peers", info_hash, bootstrap=two.at))
    target = done(dht(w, "put", "through libtorrent", bootstrap=two.at))["target"]
    assert "through libtorrent" in one.get(target)
    assert item_of(dht(w, "get", target, bootstrap=one.at))["value"] == "through libtorrent"


def case_node_npm(w):
    """The same with npm's bittorrent-dht."""
    ours = node(w, "ours")
    one, two = Npm(w, "one", ours.at), Npm(w, "two", ours.at)
    info_hash = os.urandom(20).hex()
    assert one.order("announce", hash=info_hash, port=4321)["announced"]
    assert "127.0.0.1:4321" in peers_of(dht(w, "peers", info_hash, bootstrap=ours.at))
    assert "127.0.0.1:4321" in two.order("lookup", hash=info_hash)["peers"]
    done(dht(w, "announce", info_hash, "--port", "4322", bootstrap=ours.at))
    assert "127.0.0.1:4322" in two.order("lookup", hash=info_hash)["peers"]

    target = one.order("put", value="by npm")["target"]
    assert item_of(dht(w, "get", target, bootstrap=ours.at))["value"] == "by npm"
    assert two.order("get", target=target)["value"] == "by npm"
    target = done(dht(w, "put", "by shoal", bootstrap=ours.at))["target"]
    assert two.order("get", target=target)["value"] == "by shoal"

    e = one.order("put_mutable", seed=os.urandom(32).hex(), seq=7, value="signed by npm", salt="s")
    got = item_of(dht(w, "get", e["key"], "--salt", "s", bootstrap=ours.at))
    assert (got["value"], got["seq"]) == ("signed by npm", 7), got
    e = done(dht(w, "put", "signed by shoal", "--mutable", "--salt", "s", bootstrap=ours.at))
    got = two.order("get", target=e["target"], salt="s")
    assert (got["value"], got["seq"]) == ("signed by shoal", e["seq"]), got

    # Through theirs.
    other = node(w, "other", bootstrap=[two.at])
    wait_for(lambda: '"joined"' in read(other.log), "our node to join by npm's", other)
    assert "127.0.0.1:4321" in peers_of(dht(w, "peers", info_hash, bootstrap=two.at))
    target = done(dht(w, "put", "through npm", bootstrap=two.at))["target"]
    assert one.order("get", target=target)["value"] == "through npm"


def case_node_libtorrent_and_npm(w):
    """One of each, both knowing only our node, find one another's things."""
    ours = node(w, "ours")
    lt, npm = Libtorrent(ours.at), Npm(w, "npm", ours.at)
    first, second = os.urandom(20).hex(), os.urandom(20).hex()
    lt.announce(first, w.path("lt"))
    wait_for(lambda: lt.at in npm.order("lookup", hash=first)["peers"], "libtorrent's")
    assert npm.order("announce", hash=second, port=4322)["announced"]
    lt.find_peer(second, "127.0.0.1:4322")
    assert npm.order("get", target=lt.put(b"from libtorrent"))["value"] == "from libtorrent"
    assert "from npm" in lt.get(npm.order("put", value="from npm")["target"])
    seed = os.urandom(32)
    lt.put_mutable(seed, b"signed", b"salt")
    target = hashlib.sha1(public_of(seed) + b"salt").hexdigest()
    assert npm.order("get", target=target, salt="salt")["value"] == "signed"
    e = npm.order("put_mutable", seed=os.urandom(32).hex(), seq=3, value="by npm", salt="n")
    assert "by npm" in lt.get_mutable(bytes.fromhex(e["key"]), b"n").message()


def elsewhere():
    """This case in a network of its own, where everybody has an address that is no loopback:
    Transmission's DHT takes nobody from 127.0.0.0/8 for a node, and would ask the Internet."""
    host = "10.83.0.1"
    script = f'ip link set lo up && ip addr add {host}/8 dev lo && exec "$@"'
    net = ["unshare", "--map-root-user", "--net", "sh", "-c", script, "sh"]
    if run([*net, "true"]).returncode != 0:
        print("no network namespaces here: Transmission is not tried")
        return SKIP
    return subprocess.run([*net, sys.executable, "-B", *sys.argv],
                          env={**os.environ, "SHOAL_E2E_HOST": host}, check=False).returncode


def case_node_transmission(w):
    """A Transmission that knows only our nodes announces there, and finds a peer there."""
    if HOST == "127.0.0.1":
        sys.exit(elsewhere())
    nodes_ = swarm(w, 10)  # with eight or fewer it would not search at all
    t = Transmission(w, "transmission", nodes_[0].at)
    info_hash = os.urandom(20).hex()
    with socket.socket() as peer:
        peer.bind((HOST, 0))
        peer.listen()
        peer.settimeout(2 * WAIT_S)  # its searches are a minute apart
        port = peer.getsockname()[1]
        done(dht(w, "announce", info_hash, "--port", str(port), bootstrap=nodes_[1].at))
        t.add(info_hash)
        connection, _ = peer.accept()  # it found us, and dials
        with connection:
            connection.settimeout(WAIT_S)
            assert connection.recv(1) != b""
    wait_for(lambda: f"{HOST}:{t.peer_port}" in peers_of(
        dht(w, "peers", info_hash, bootstrap=nodes_[-1].at)), "Transmission's announcement")


# ---- Cases: strangers

def case_node_conform(w):
    """All that BEP 5, 32, 42, 43, 44 and 51 ask, and what strangers can do."""
    ours = node(w, "ours", "--answer-rate", "64M")
    dht_conform.populate(ours.address)
    counts, missed = dht_conform.run(ours.address)
    print(counts)
    assert not missed, missed


def case_node_mutants(w):
    """A hundred thousand damaged packets: alive, and no larger."""
    ours = node(w, "ours", "--source-rate", "0", "--answer-rate", "0")
    dht_conform.populate(ours.address)
    dht_conform.mutants(ours.address, MUTANTS, ours.pid, print)
    wait_for(lambda: last_status(ours)["in_packets"] >= MUTANTS, "it to tell of them", ours)
    ours.send_signal(signal.SIGTERM)
    assert ours.wait(WAIT_S) == 0


if __name__ == "__main__":
    main(globals())
