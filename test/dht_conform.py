#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Asks a node of the DHT what BEP 5, 32, 42, 43, 44 and 51 say it must and should do.

usage: dht_conform.py ADDR:PORT [--pid PID] [--mutants N] [--quiet]

Plain sockets on addresses in 127.0.0.0/8, so the node must listen there. Prints what is missed
(without --quiet: all), then how many MUST and SHOULD hold. --mutants sends so many damaged
packets at the end and asks whether the node is alive, and with --pid whether it grew. Exit
code 1 if a MUST is missed. OURS are no BEP's: what this project asks of its own nodes.
"""
import argparse
import hashlib
import os
import random
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from krpc import Peer, addresses, compact, encode, error_of, nodes, serve_all

CHECKS = []
AMPLIFICATION = 3.0
LEARN_S = 5.0
GROWTH_BYTES = 1 << 20
KNOWN_S = 60.0  # until a node knows eight others, libtorrent's


def check(level, words):
    def keep(f):
        CHECKS.append((level, words, f))
        return f
    return keep


def reply(answer):
    assert answer is not None, "no answer"
    assert answer.get(b"y") == b"r", f"answered {answer.get(b'e', answer)}"
    return answer[b"r"]


def is_error(answer, *codes):
    got = error_of(answer)
    assert got in codes, f"error {got}" if got > 0 else "no answer" if got < 0 else "no error"


def token_of(peer, node, info_hash, q="get_peers", name="info_hash"):
    return reply(peer.ask(node, q, {name: info_hash}))[b"token"]


# ---- Whom it takes for a node. First: a node asks so many strangers a minute and no more

def neighbours(node, count):
    """Peers with ids in buckets of a table that are not full yet, whoever else is in it."""
    own = int.from_bytes(reply(Peer().ask(node, "ping"))[b"id"], "big")
    peers = [Peer() for _ in range(count)]
    for i, p in enumerate(peers):
        bits = 8 + i % 12  # like the first ones of the node's id, then one that differs
        p.id = (own ^ 1 << 159 - bits ^ random.getrandbits(159 - bits)).to_bytes(20, "big")
    return peers


@check("MUST", f"BEP 5: a node that asks and answers is given to others (OURS: in {LEARN_S:.0f} s)")
def learns(node):
    peers = neighbours(node, 10)
    for p in peers:
        p.send(node, {"t": b"ln", "y": "q", "q": "ping", "a": {"id": p.id}})
    end = time.monotonic() + LEARN_S
    known = set()
    while time.monotonic() < end and len(known) < len(peers) / 2:
        serve_all(peers, 0.2)
        for p in peers:
            found = reply(Peer().ask(node, "find_node", {"target": p.id}))[b"nodes"]
            known |= {p.id} & {i for i, _ in nodes(found)}
    assert len(known) >= len(peers) / 2, f"{len(known)} of {len(peers)} within {LEARN_S:.0f} s"


@check("MUST", "BEP 5: a node that asks and never answers is not given to others")
def silent(node):
    peers = neighbours(node, 20)
    for p in peers:
        p.ask(node, "find_node", {"target": os.urandom(20)})
    time.sleep(1.5)
    for p in peers:
        got = nodes(reply(Peer().ask(node, "find_node", {"target": p.id}))[b"nodes"])
        assert p.id not in {i for i, _ in got}


@check("MUST", "BEP 43: who says ro is answered, not given to others, and not asked")
def read_only(node):
    peers = neighbours(node, 10)
    for p in peers:
        reply(p.ask(node, "find_node", {"target": os.urandom(20)}, top={"ro": 1}))
    serve_all(peers, 1.5)
    assert not any(p.heard for p in peers), "it asked"
    for p in peers:
        got = nodes(reply(Peer().ask(node, "find_node", {"target": p.id}))[b"nodes"])
        assert p.id not in {i for i, _ in got}, "it is given to others"


# ---- BEP 5

@check("MUST", "BEP 5: ping is answered with the id, 20 bytes, always the same")
def ping(node):
    a, b = (reply(Peer().ask(node, "ping")) for _ in range(2))
    assert len(a[b"id"]) == 20 and a[b"id"] == b[b"id"]


@check("MUST", "BEP 5: a transaction id of 1, 2, 4, 8 or 20 bytes comes back as it was")
def transactions(node):
    for n in (1, 2, 4, 8, 20):
        t = os.urandom(n)
        assert reply(Peer().ask(node, "ping", t=t)), n


@check("MUST", "BEP 5: find_node gives nodes of 26 bytes each")
def find_node(node):
    r = reply(Peer().ask(node, "find_node", {"target": os.urandom(20)}))
    assert len(r[b"id"]) == 20 and len(r[b"nodes"]) % 26 == 0
    assert r[b"nodes"], "it knows nobody"


@check("MUST", "BEP 5: the nodes given are the nearest of those it gives to anybody")
def nearest(node):
    every = {}
    for _ in range(64):
        for i, a in nodes(reply(Peer().ask(node, "find_node",
                                           {"target": os.urandom(20)}))[b"nodes"]):
            every[i] = a
    target = int.from_bytes(random.choice(list(every)), "big")
    got = [i for i, _ in nodes(reply(Peer().ask(
        node, "find_node", {"target": target.to_bytes(20, "big")}))[b"nodes"])]
    # Eight with the seven that an answer to a short query may be cut to (see amplification).
    assert len(got) >= min(7, len(every)), (len(got), len(every))
    assert int.from_bytes(got[0], "big") == target or target.to_bytes(20, "big") in got


@check("MUST", "BEP 5: get_peers gives a token, and nodes or values")
def get_peers(node):
    r = reply(Peer().ask(node, "get_peers", {"info_hash": os.urandom(20)}))
    assert r[b"token"] and (b"nodes" in r or b"values" in r)


@check("SHOULD", "BEP 5: get_peers gives nodes besides values")
def both(node):
    info_hash = os.urandom(20)
    p = Peer()
    reply(p.ask(node, "announce_peer", {"info_hash": info_hash, "port": 7,
                                        "token": token_of(p, node, info_hash)}))
    r = reply(Peer().ask(node, "get_peers", {"info_hash": info_hash}))
    assert r[b"values"] and b"nodes" in r


@check("MUST", "BEP 5: who announced itself is given to others, with the port it said")
def announce(node):
    info_hash, p = os.urandom(20), Peer()
    reply(p.ask(node, "announce_peer", {"info_hash": info_hash, "port": 4321,
                                        "token": token_of(p, node, info_hash)}))
    r = reply(Peer().ask(node, "get_peers", {"info_hash": info_hash}))
    assert r[b"values"] == [compact((p.address[0], 4321))], r.get(b"values")


@check("MUST", "BEP 5: implied_port: the port that the query came from, whatever port says")
def implied_port(node):
    for port in ({"port": 4321}, {}):
        info_hash, p = os.urandom(20), Peer()
        reply(p.ask(node, "announce_peer", {"info_hash": info_hash, "implied_port": 1, **port,
                                            "token": token_of(p, node, info_hash)}))
        r = reply(Peer().ask(node, "get_peers", {"info_hash": info_hash}))
        assert r[b"values"] == [compact(p.address)], r.get(b"values")


@check("MUST", "BEP 5: implied_port 0 is as if it were not there")
def implied_zero(node):
    info_hash, p = os.urandom(20), Peer()
    reply(p.ask(node, "announce_peer", {"info_hash": info_hash, "implied_port": 0, "port": 4321,
                                        "token": token_of(p, node, info_hash)}))
    r = reply(Peer().ask(node, "get_peers", {"info_hash": info_hash}))
    assert r[b"values"] == [compact((p.address[0], 4321))], r.get(b"values")


@check("MUST", "BEP 5: a wrong token is refused with 203, and nothing is kept")
def wrong_token(node):
    info_hash, p = os.urandom(20), Peer()
    good = token_of(p, node, info_hash)
    for token in (b"", b"x" * len(good), good[:-1], good + b"x"):
        is_error(p.ask(node, "announce_peer", {"info_hash": info_hash, "port": 7,
                                               "token": token}), 203)
    assert b"values" not in reply(Peer().ask(node, "get_peers", {"info_hash": info_hash}))


@check("MUST", "BEP 5: a token is good from the address that got it, and from no other")
def token_address(node):
    info_hash, p = os.urandom(20), Peer()
    token = token_of(p, node, info_hash)
    is_error(Peer().ask(node, "announce_peer", {"info_hash": info_hash, "port": 7,
                                                "token": token}), 203)
    reply(Peer(p.address[0]).ask(node, "announce_peer", {"info_hash": info_hash, "port": 7,
                                                         "token": token}))


@check("MUST", "BEP 5: announcing again does not make two of one")
def announce_twice(node):
    info_hash, p = os.urandom(20), Peer()
    for _ in range(2):
        reply(p.ask(node, "announce_peer", {"info_hash": info_hash, "port": 4321,
                                            "token": token_of(p, node, info_hash)}))
    r = reply(Peer().ask(node, "get_peers", {"info_hash": info_hash}))
    assert len(r[b"values"]) == 1


WRONG = {
    "ping without id": ("ping", {"id": None}),
    "ping with an id of 19 bytes": ("ping", {"id": b"x" * 19}),
    "ping with an id of 21 bytes": ("ping", {"id": b"x" * 21}),
    "ping whose id is a number": ("ping", {"id": 7}),
    "find_node without target": ("find_node", {}),
    "find_node with a target of 19 bytes": ("find_node", {"target": b"x" * 19}),
    "find_node whose target is a list": ("find_node", {"target": [b"x" * 20]}),
    "get_peers without info_hash": ("get_peers", {}),
    "get_peers whose info_hash is a dictionary": ("get_peers", {"info_hash": {}}),
    "announce_peer without info_hash": ("announce_peer", {"port": 7, "token": b"x"}),
    "announce_peer without token": ("announce_peer", {"port": 7, "info_hash": b"x" * 20}),
    "get without target": ("get", {}),
    "put without v": ("put", {"token": b"x"}),
    "put without token": ("put", {"v": b"x"}),
    "sample_infohashes without target": ("sample_infohashes", {}),
}


def wrong_query(q, args):
    def ask(node):
        p = Peer()
        a = {k: v for k, v in {"id": p.id, **args}.items() if v is not None}
        p.send(node, {"t": b"wq", "y": "q", "q": q, "a": a})
        is_error(p.take(1.0, b"wq")[0], 203)
    return ask


for _words, _query in WRONG.items():
    check("MUST" if _query[0] not in ("get", "put", "sample_infohashes") else "SHOULD",
          f"BEP 5: error 203 for {_words}")(wrong_query(*_query))


@check("MUST", "BEP 5: error 203 for announce_peer without port and implied_port, and for port 0")
def announce_port(node):
    info_hash, p = os.urandom(20), Peer()
    token = token_of(p, node, info_hash)
    for args in ({}, {"port": 0}, {"port": 65536}, {"port": -1}):
        is_error(p.ask(node, "announce_peer", {"info_hash": info_hash, "token": token, **args}),
                 203)


@check("MUST", "BEP 5: error 203 for a query without arguments")
def no_arguments(node):
    p = Peer()
    p.send(node, {"t": b"na", "y": "q", "q": "ping"})
    is_error(p.take(1.0, b"na")[0], 203)


@check("MUST", "BEP 5: error 204 for a query that nobody knows")
def unknown(node):
    is_error(Peer().ask(node, "zzz_unknown"), 204)


@check("MUST", "BEP 5: unknown keys are passed over, on top and among the arguments")
def unknown_keys(node):
    reply(Peer().ask(node, "ping", {"zz": [1, {"x": b"y"}], "a0": b""},
                     top={"zz": {"deep": [[]]}, "0": 1}))


@check("MUST", "BEP 5: nobody answers an answer, or an error")
def no_echo(node):
    p = Peer()
    p.send(node, {"t": b"ne", "y": "r", "r": {"id": p.id}})
    p.send(node, {"t": b"ne", "y": "e", "e": [201, "no"]})
    answer, _ = p.take(0.5, b"ne")
    assert answer is None, answer


@check("SHOULD", "BEP 5, 20: messages carry the client's version, 4 bytes")
def version(node):
    a = Peer().ask(node, "ping")
    assert len(a.get(b"v", b"")) == 4, a


@check("OURS", "nodes in answers have ports and addresses that can be written to")
def sane_nodes(node):
    for _ in range(16):
        for _, (host, port) in nodes(reply(Peer().ask(
                node, "find_node", {"target": os.urandom(20)}))[b"nodes"]):
            assert port > 0 and not host.startswith(("0.", "255.", "224.")), (host, port)


# ---- BEP 32, 42

@check("MUST", "BEP 32: want n4 over IPv4: nodes, and no nodes6")
def want4(node):
    r = reply(Peer().ask(node, "find_node", {"target": os.urandom(20), "want": ["n4"]}))
    assert b"nodes" in r and b"nodes6" not in r


@check("MUST", "BEP 32: want n6 alone: no nodes")
def want6(node):
    r = reply(Peer().ask(node, "find_node", {"target": os.urandom(20), "want": ["n6"]}))
    assert b"nodes" not in r and len(r.get(b"nodes6", b"")) % 38 == 0


@check("MUST", "BEP 32: a want that nobody knows is passed over")
def want_unknown(node):
    r = reply(Peer().ask(node, "find_node", {"target": os.urandom(20), "want": ["n4", "zz"]}))
    assert b"nodes" in r


@check("SHOULD", "BEP 42: replies say by which address they see us")
def own_address(node):
    p = Peer()
    a = p.ask(node, "ping")
    assert addresses(a.get(b"ip", b"")) == [p.address], a.get(b"ip")


@check("MUST", "BEP 42: on a private network any id may be had")
def any_id(node):
    p = Peer()
    p.id = b"\0" * 19 + b"\1"
    reply(p.ask(node, "ping"))


# ---- BEP 44

def target_of(v):
    return hashlib.sha1(encode(v)).digest()


class Author:
    def __init__(self, salt=b""):
        self.key = Ed25519PrivateKey.generate()
        self.k = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.salt = salt
        self.target = hashlib.sha1(self.k + salt).digest()

    def args(self, v, seq, **more):
        signed = b"3:seqi%de1:v" % seq + encode(v)
        if self.salt:
            signed = b"4:salt" + encode(self.salt) + signed
        a = {"k": self.k, "seq": seq, "v": v, "sig": self.key.sign(signed), **more}
        return {**a, "salt": self.salt} if self.salt else a


def put(node, args, target, peer=None):
    p = peer or Peer()
    return p.ask(node, "put", {"token": token_of(p, node, target, "get", "target"), **args})


@check("MUST", "BEP 44: get of what is not there gives a token and nodes")
def get_nothing(node):
    r = reply(Peer().ask(node, "get", {"target": os.urandom(20)}))
    assert r[b"token"] and b"nodes" in r and b"v" not in r


@check("MUST", "BEP 44: an immutable value of any kind comes back byte by byte")
def immutable(node):
    for v in (os.urandom(32), b"", 12, -1, [1, [2, b"x"]], {"a": 1, "b": {"c": [b"d"]}}):
        reply(put(node, {"v": v}, target_of(v)))
        r = reply(Peer().ask(node, "get", {"target": target_of(v)}))
        assert encode(r[b"v"]) == encode(v), v
        assert b"k" not in r and b"sig" not in r


@check("MUST", "BEP 44: 1000 bytes are taken, 1001 refused with 205")
def too_big(node):
    good, bad = os.urandom(996), os.urandom(997)
    reply(put(node, {"v": good}, target_of(good)))
    is_error(put(node, {"v": bad}, target_of(bad)), 205)


@check("MUST", "BEP 44: a put with a wrong token is refused with 203")
def put_token(node):
    v = os.urandom(20)
    is_error(Peer().ask(node, "put", {"v": v, "token": b"wrong"}), 203)
    assert b"v" not in reply(Peer().ask(node, "get", {"target": target_of(v)}))


@check("MUST", "BEP 44: a mutable value comes back with key, number and signature")
def mutable(node):
    for salt in (b"", b"card", os.urandom(64)):
        a = Author(salt)
        args = a.args(b"Hello World!", 1)
        reply(put(node, args, a.target))
        r = reply(Peer().ask(node, "get", {"target": a.target}))
        assert (r[b"k"], r[b"seq"], r[b"v"], r[b"sig"]) == (a.k, 1, b"Hello World!", args["sig"])


@check("MUST", "BEP 44: one key has a value for each salt")
def salts(node):
    a = Author(b"one")
    b = Author(b"two")
    b.key, b.k = a.key, a.k
    b.target = hashlib.sha1(b.k + b.salt).digest()
    for x in (a, b):
        reply(put(node, x.args(x.salt, 1), x.target))
    for x in (a, b):
        assert reply(Peer().ask(node, "get", {"target": x.target}))[b"v"] == x.salt


@check("MUST", "BEP 44: a bad signature is refused with 206")
def bad_signature(node):
    a = Author()
    is_error(put(node, {**a.args(b"x", 1), "v": b"y"}, a.target), 206)
    is_error(put(node, {**a.args(b"x", 1), "seq": 2}, a.target), 206)
    assert b"v" not in reply(Peer().ask(node, "get", {"target": a.target}))


@check("MUST", "BEP 44: a salt of 65 bytes is refused with 207")
def long_salt(node):
    a = Author(b"s" * 65)
    is_error(put(node, a.args(b"x", 1), a.target), 207)


@check("MUST", "BEP 44: an older number is refused with 302, a newer one taken")
def numbers(node):
    a = Author()
    reply(put(node, a.args(b"two", 2), a.target))
    is_error(put(node, a.args(b"one", 1), a.target), 302)
    reply(put(node, a.args(b"three", 3), a.target))
    assert reply(Peer().ask(node, "get", {"target": a.target}))[b"v"] == b"three"


@check("MUST", "BEP 44: the same number with another value is refused with 302")
def same_number(node):
    a = Author()
    reply(put(node, a.args(b"one", 1), a.target))
    is_error(put(node, a.args(b"other", 1), a.target), 302)
    assert reply(Peer().ask(node, "get", {"target": a.target}))[b"v"] == b"one"


@check("SHOULD", "BEP 44: the same number with the same value renews it")
def renewed(node):
    a = Author()
    for _ in range(2):
        reply(put(node, a.args(b"one", 1), a.target))


@check("MUST", "BEP 44: cas that is not the number stored is refused with 301")
def cas(node):
    a = Author()
    reply(put(node, a.args(b"one", 1), a.target))
    is_error(put(node, a.args(b"two", 2, cas=7), a.target), 301)
    reply(put(node, a.args(b"two", 2, cas=1), a.target))
    assert reply(Peer().ask(node, "get", {"target": a.target}))[b"v"] == b"two"


@check("MUST", "BEP 44: get with the number that is stored gives no value")
def get_newer(node):
    a = Author()
    reply(put(node, a.args(b"five", 5), a.target))
    r = reply(Peer().ask(node, "get", {"target": a.target, "seq": 5}))
    assert b"v" not in r and r[b"seq"] == 5, r
    assert reply(Peer().ask(node, "get", {"target": a.target, "seq": 4}))[b"v"] == b"five"


@check("SHOULD", "BEP 44: a negative number, half a key and half a signature are refused with 203")
def odd_puts(node):
    a = Author()
    is_error(put(node, a.args(b"x", -1), a.target), 203, 206)
    args = a.args(b"x", 1)
    is_error(put(node, {**args, "k": a.k[:31]}, a.target), 203, 206)
    is_error(put(node, {**args, "sig": args["sig"][:63]}, a.target), 203, 206)


# ---- BEP 51

@check("MUST", "BEP 51: sample_infohashes gives samples, their number, an interval and nodes")
def samples(node):
    info_hash, p = os.urandom(20), Peer()
    reply(p.ask(node, "announce_peer", {"info_hash": info_hash, "port": 7,
                                        "token": token_of(p, node, info_hash)}))
    r = reply(Peer().ask(node, "sample_infohashes", {"target": os.urandom(20)}))
    assert len(r[b"samples"]) % 20 == 0 and r[b"samples"] and b"nodes" in r
    assert r[b"num"] >= len(r[b"samples"]) // 20 and 0 <= r[b"interval"] <= 21600


# ---- What strangers can do with it

def announce_many(node, info_hash, count):
    for _ in range(count):
        p = Peer()
        p.ask(node, "announce_peer", {"info_hash": info_hash, "port": 7,
                                      "token": token_of(p, node, info_hash)})
        p.close()


@check("OURS", f"no answer to a query without token is over {AMPLIFICATION:.0f} times its size")
def amplification(node):
    info_hash, v = os.urandom(20), os.urandom(100)
    announce_many(node, info_hash, 200)
    reply(put(node, {"v": v}, target_of(v)))
    worst = (0.0, "")
    for q, args in (("ping", {}), ("find_node", {"target": info_hash}),
                    ("find_node", {"target": info_hash, "want": ["n4", "n6"]}),
                    ("get_peers", {"info_hash": info_hash}),
                    ("get_peers", {"info_hash": os.urandom(20)}),
                    ("get", {"target": os.urandom(20)}), ("get", {"target": target_of(v)}),
                    ("sample_infohashes", {"target": info_hash}), ("zz", {})):
        p = Peer()
        assert p.ask(node, q, args) is not None, q
        worst = max(worst, (p.ratio, q))
    assert worst[0] <= AMPLIFICATION, "%.1f times for %s" % worst


@check("OURS", "a popular key is shown in turns: many askers see most of its peers")
def popular(node):
    info_hash, seen = os.urandom(20), set()
    announce_many(node, info_hash, 60)
    for _ in range(100):
        seen.update(reply(Peer().ask(node, "get_peers", {"info_hash": info_hash}))[b"values"])
    assert len(seen) >= 50, f"{len(seen)} of 60"


@check("OURS", "who asks too much from one address gets silence, and others do not notice")
def limits(node):
    p = Peer()
    for i in range(1000):
        p.send(node, {"t": b"%d" % i, "y": "q", "q": "ping", "a": {"id": p.id}})
    time.sleep(0.5)
    answers = 0
    while p.receive(0.1) is not None:
        answers += 1
    assert 1 <= answers <= 200, f"{answers} of 1000 answered"
    reply(Peer().ask(node, "ping"))


def seeds():
    """Messages of every kind, right ones, to be damaged."""
    i, t = b"i" * 20, b"t" * 20
    a = Author(b"salt")
    for q, args in (("ping", {}), ("find_node", {"target": t, "want": ["n4", "n6"]}),
                    ("get_peers", {"info_hash": t}), ("get", {"target": t, "seq": 1}),
                    ("announce_peer", {"info_hash": t, "port": 1, "token": b"abcd"}),
                    ("put", {**a.args(b"v", 1, cas=0), "token": b"abcd"}),
                    ("sample_infohashes", {"target": t}), ("sh_get", {"key": b"k" * 32}),
                    ("sh_put", {"key": b"k" * 32, "record": b"\x83\1\2\3", "token": b"a"})):
        yield encode({"t": b"aa", "y": "q", "q": q, "v": b"XX01", "a": {"id": i, **args}})
    for r in ({"id": i}, {"id": i, "nodes": b"n" * 208, "token": b"x", "values": [b"v" * 6]},
              {"id": i, "v": b"x", "seq": 1, "k": b"k" * 32, "sig": b"s" * 64, "nodes6": b"n" * 38},
              {"id": i, "samples": t, "num": 1, "interval": 1}):
        yield encode({"t": b"aa", "y": "r", "r": r, "ip": b"123456"})
    yield encode({"t": b"aa", "y": "e", "e": [203, "no"]})


KILLERS = [b"", b"d", b"e", b"i", b"1:", b"d1:", b"de", b"le", b"i1e", b"l" * 1400, b"d1:a" * 350,
           b"d1:ad2:id20:", b"99999999999999999999:", b"d1:t-1:e", b"i-0e", b"d1:y1:q1:t2:aae",
           b"d1:ti1e1:y1:qe", b"d1:ad2:id20:" + b"x" * 20 + b"6:targeti1ee1:q9:find_node1:t2:aa"
           b"1:y1:qe", b"d1:q4:ping1:t0:1:y1:qe", b"\0" * 1472, b"\xff" * 1472]


@check("MUST", "packets that are no messages, cut or nested, do no harm")
def killers(node):
    p = Peer()
    for raw in KILLERS:
        p.send(node, raw)
    for raw in seeds():
        for cut in range(0, len(raw), 7):
            p.send(node, raw[:cut])
        time.sleep(0.002)
    reply(Peer().ask(node, "ping"))


def damage(raw, rng):
    b = bytearray(raw)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(b) or 1)
        kind = rng.randrange(6)
        if kind == 0 and b:
            b[at] = rng.randrange(256)
        elif kind == 1:
            del b[at:at + rng.randrange(1, 8)]
        elif kind == 2:
            b[at:at] = rng.choice((b"i0e", b"le", b"de", b"1:x", b"0:", b"i-1e", b"99:", b"e"))
        elif kind == 3:
            b[at:at] = b[at:at + rng.randrange(1, 30)]
        elif kind == 4 and b:
            b[at] = rng.choice(b"0123456789dlie:-")
        else:
            del b[rng.randrange(len(b) or 1):]
    return bytes(b)


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def mutants(node, count, pid, say):
    """Damaged packets from many addresses; then: is it alive, did it grow?"""
    rng = random.Random(7)
    raws = list(seeds())
    peers = [Peer() for _ in range(64)]

    def burst(n):
        for i in range(n):
            peers[i % len(peers)].send(node, damage(raws[i % len(raws)], rng))
            if i % 64 == 63:  # so that its socket's buffer holds them
                assert peers[0].ask(node, "ping") or Peer().ask(node, "ping"), f"dead after {i}"
        return rss_bytes(pid) if pid else 0

    before = burst(count // 4)  # what it takes once, it has taken by then
    after = burst(count - count // 4)
    reply(Peer().ask(node, "ping"))
    say(f"{count} damaged packets: alive, " +
        (f"{(after - before) / 1024:.0f} KiB more memory" if pid else "memory not looked at"))
    assert after - before < GROWTH_BYTES, f"it grew by {after - before} bytes"


def populate(node, count=24):
    """Nodes that answer, without which a node knows nobody; they go on in a thread."""
    import threading
    peers = [Peer() for _ in range(count)]
    for p in peers:
        p.send(node, {"t": b"pp", "y": "q", "q": "ping", "a": {"id": p.id}})
    threading.Thread(target=serve_all, args=(peers, 3600), daemon=True).start()
    end = time.monotonic() + KNOWN_S
    while time.monotonic() < end:
        time.sleep(0.5)
        r = Peer().ask(node, "find_node", {"target": os.urandom(20)})
        if r and len(r.get(b"r", {}).get(b"nodes", b"")) >= 8 * 26:
            return


def run(node, quiet=False):
    """Counts as {level: [held, all]}, and what was missed."""
    counts, missed = {}, []
    for level, words, f in CHECKS:
        count = counts.setdefault(level, [0, 0])
        count[1] += 1
        try:
            f(node)
            count[0] += 1
            if not quiet:
                print(f"ok      {level:6} {words}", flush=True)
        except (AssertionError, LookupError) as e:
            missed.append((level, words))
            what = str(e) if isinstance(e, AssertionError) else repr(e)
            print(f"MISSED  {level:6} {words}: {what}", flush=True)
    return counts, missed


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("node", metavar="ADDR:PORT")
    p.add_argument("--pid", type=int)
    p.add_argument("--mutants", type=int, default=0)
    p.add_argument("--quiet", action="store_true")
    o = p.parse_args()
    host, port = o.node.rsplit(":", 1)
    node = (host, int(port))
    populate(node)
    counts, missed = run(node, o.quiet)
    if o.mutants:
        mutants(node, o.mutants, o.pid, print)
    print(", ".join(f"{level} {held}/{every}" for level, (held, every) in counts.items()))
    return 1 if any(level == "MUST" for level, _ in missed) else 0


if __name__ == "__main__":
    sys.exit(main())
