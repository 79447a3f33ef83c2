# SPDX-License-Identifier: MIT
"""Bencoding and KRPC by plain sockets: what tests and benches of the DHT speak themselves.

Every Peer has an address of its own in 127.0.0.0/8, so that limits by address do not bind where
they are not what is tested.
"""
import os
import random
import select
import socket
import time


def encode(v):
    if isinstance(v, int):
        return b"i%de" % v
    if isinstance(v, str):
        v = v.encode()
    if isinstance(v, (bytes, bytearray)):
        return b"%d:%s" % (len(v), bytes(v))
    if isinstance(v, (list, tuple)):
        return b"l" + b"".join(map(encode, v)) + b"e"
    pairs = sorted((k.encode() if isinstance(k, str) else k, x) for k, x in v.items())
    return b"d" + b"".join(encode(k) + encode(x) for k, x in pairs) + b"e"


def decode(b):
    """The one value that b is; ValueError or IndexError: it is not."""
    value, at = _decode(b, 0)
    if at != len(b):
        raise ValueError("more than one value")
    return value


def _decode(b, at):
    kind = b[at:at + 1]
    if kind == b"i":
        end = b.index(b"e", at)
        return int(b[at + 1:end]), end + 1
    if kind == b"l":
        at, items = at + 1, []
        while b[at:at + 1] != b"e":
            item, at = _decode(b, at)
            items.append(item)
        return items, at + 1
    if kind == b"d":
        at, items = at + 1, {}
        while b[at:at + 1] != b"e":
            key, at = _decode(b, at)
            items[key], at = _decode(b, at)
        return items, at + 1
    colon = b.index(b":", at)
    end = colon + 1 + int(b[at:colon])
    if end > len(b):
        raise ValueError("cut off")
    return b[colon + 1:end], end


def compact(address):
    host, port = address[:2]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.inet_pton(family, host) + port.to_bytes(2, "big")


def addresses(b, each=6):
    family = socket.AF_INET if each == 6 else socket.AF_INET6
    return [(socket.inet_ntop(family, b[i:i + each - 2]),
             int.from_bytes(b[i + each - 2:i + each], "big")) for i in range(0, len(b), each)]


def nodes(b, each=26):
    """Compact nodes as (id, (host, port))."""
    return [(b[i:i + 20], addresses(b[i + 20:i + each], each - 20)[0])
            for i in range(0, len(b), each)]


def local_host():
    """An address of this machine that nobody else here is likely to use."""
    return f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}.{random.randrange(1, 255)}"


class Peer:
    """One socket that asks; and answers pings and find_node too if it is told to serve."""

    def __init__(self, host=None):
        self.id = os.urandom(20)
        self.socket = None
        while self.socket is None:
            try:
                s = socket.socket(socket.AF_INET6 if host and ":" in host else socket.AF_INET,
                                  socket.SOCK_DGRAM)
                s.bind((host or local_host(), 0))
                self.socket = s
            except OSError:
                s.close()
                if host:
                    raise
        self.address = self.socket.getsockname()[:2]
        self.heard = []  # queries that came meanwhile, with their senders

    def close(self):
        self.socket.close()

    def send(self, to, message):
        raw = message if isinstance(message, bytes) else encode(message)
        self.socket.sendto(raw, to)
        return len(raw)

    def receive(self, wait_s):
        """The next datagram and its sender, or None."""
        if not select.select([self.socket], [], [], max(0, wait_s))[0]:
            return None
        return self.socket.recvfrom(65536)

    def take(self, wait_s, t):
        """The answer with transaction id t, as (message, bytes); queries are kept in heard."""
        end = time.monotonic() + wait_s
        while (left := end - time.monotonic()) > 0:
            got = self.receive(left)
            if got is None:
                return None, 0
            try:
                m = decode(got[0])
            except (ValueError, IndexError, RecursionError):
                continue
            if m.get(b"y") == b"q":
                self.heard.append((m, got[1]))
            elif m.get(b"t") == t:
                return m, len(got[0])
        return None, 0

    def ask(self, to, q, args=None, wait_s=2.0, t=None, top=None, tries=3):
        """Asks, and again; the answer or None. self.ratio: its bytes over the query's."""
        for _ in range(tries):
            t_now = os.urandom(4) if t is None else t
            message = {"t": t_now, "y": "q", "q": q, "a": {"id": self.id, **(args or {})},
                       **(top or {})}
            sent = self.send(to, message)
            answer, got = self.take(wait_s, t_now)
            if answer is not None:
                self.ratio = got / sent
                return answer
        return None

    def answer_all(self, wait_s):
        """Serves for so long: answers pings and find_node as a node that knows nobody."""
        end = time.monotonic() + wait_s
        while (left := end - time.monotonic()) > 0:
            got = self.receive(left)
            if got is None:
                return
            self.answer(*got)

    def answer(self, raw, sender):
        try:
            m = decode(raw)
        except (ValueError, IndexError, RecursionError):
            return
        if m.get(b"y") != b"q":
            return
        self.heard.append((m, sender))
        r = {"id": self.id}
        if m[b"q"] != b"ping":
            r.update(nodes=b"", token=b"none")
        self.send(sender, {"t": m[b"t"], "y": "r", "r": r})


def serve_all(peers, wait_s):
    """Lets many peers answer for so long."""
    by_socket = {p.socket: p for p in peers}
    end = time.monotonic() + wait_s
    while (left := end - time.monotonic()) > 0:
        for s in select.select(list(by_socket), [], [], left)[0]:
            by_socket[s].answer(*s.recvfrom(65536))


def error_of(answer):
    """The error's code, 0 if it is a reply, -1 if there was no answer."""
    if answer is None:
        return -1
    return answer[b"e"][0] if answer.get(b"y") == b"e" else 0
