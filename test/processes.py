# SPDX-License-Identifier: MIT
"""Processes of shoal, their logs and their folder: started, waited for, looked at, ended.

What whole runs (e2e_world.py) and benches (../bench/rig.py) stand on.
"""
import os
import re
import signal
import subprocess
import tempfile
import time

WAIT_S = 90  # for anything to happen
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
LISTENING = re.compile(r'listening on (\S+):(\d+) |"event":"listening","address":"(.*?)","port":(\d+)')
READY = re.compile(r'Ready to help|"event":"in"')


def read(path, mode="r"):
    with open(path, mode) as f:
        return f.read()


def wait_for(condition, what, process=None, seconds=WAIT_S):
    """process: it is an error if that ends meanwhile; its log says why."""
    end = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"waiting for {what}: the process ended: {read(process.log)}")
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.01)


def stat_of(pid):
    """The fields of /proc/PID/stat from the third on; None: there is no such process (any more)."""
    try:
        fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields


def alive(pid):
    return stat_of(pid) is not None


def running():
    """{pid: fields of stat_of}"""
    found = {int(e): stat_of(e) for e in filter(str.isdigit, os.listdir("/proc"))}
    return {pid: fields for pid, fields in found.items() if fields is not None}


def family(pid):
    """A process and all that came of it, each after its parent."""
    parents, found = {p: int(fields[1]) for p, fields in running().items()}, [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def descendants(pid):
    return family(pid)[1:]


def cpu_s(pid):
    """Seconds of processor of a process and of all that came of it, ended ones among them."""
    now = running()
    return sum(sum(map(int, now[p][11:15])) * TICK_S for p in family(pid) if p in now)


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it ended by itself


class Processes:
    """Those of one run, for a `with`; everything is stopped and removed at its end."""

    def __init__(self, shoal, name, folder=None):
        self.shoal = shoal
        self.folder = tempfile.TemporaryDirectory(prefix=f"shoal-{name}-", dir=folder)
        self.is_over = False
        self.processes = []
        self.orphans = set()  # of those that were killed: they are to end by themselves

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, name, words, **how):
        """words: a command line. What it says goes to p.log, unless `how` says otherwise."""
        log = self.path(f"{len(self.processes)}-{name}.log")
        with open(log, "w") as f:
            p = subprocess.Popen(words, **{"stdout": f, "stderr": subprocess.STDOUT,
                                           "stdin": subprocess.DEVNULL, **how})
        p.log = log
        self.processes.append(p)
        return p

    def start_hub(self, *words, address="127.0.0.1", port=0, name="hub", within=()):
        """p.port, p.address: where it listens. within: a command that runs a command."""
        p = self.start(name, [*within, self.shoal, "hub", "--listen", f"{address}:{port}",
                              "--state", self.path(name), *words])
        wait_for(lambda: LISTENING.search(read(p.log)), "the hub to listen", p)
        found = LISTENING.search(read(p.log)).groups()
        p.port = int(found[1] or found[3])
        p.address = f"{address}:{p.port}"
        return p

    def start_helper(self, address, name, *words, within=(), is_awaited=True):
        p = self.start(name, [*within, self.shoal, "helper", "--hub", address, "--slots", "1",
                              "--peer-id", name, "--state", self.path(name), *words])
        if is_awaited:
            wait_for(lambda: READY.search(read(p.log)), f"{name} to be ready", p)
        return p

    def kill(self, p):
        self.orphans.update(descendants(p.pid))
        p.kill()
        p.wait()

    def end(self, seconds=WAIT_S):
        """How many processes had to be killed, which should have ended by themselves."""
        if self.is_over:
            return 0
        self.is_over = True
        living = [p for p in self.processes if p.poll() is None]
        pids = {pid for p in living for pid in family(p.pid)} | self.orphans
        send(filter(alive, pids), signal.SIGCONT)
        for p in living:
            p.terminate()
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(alive(pid) for pid in pids):
            for p in living:
                p.poll()  # which buries it
            time.sleep(0.02)
        left = [pid for pid in pids if alive(pid)]
        send(left, signal.SIGKILL)
        for p in living:
            p.wait()
        self.folder.cleanup()
        return len(left)
