"""
Pull a real cable, and see how long the gateway takes to know.

    python -m laboratory.peers.cable [SECONDS]

Printers in a network namespace of their own lose their link while each is at something else: some
have been without paper for so many SECONDS (60). As root, or where users may have namespaces of
their own. It takes as long as the slowest answer, up to eight minutes, so no test does it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.support.behaviours import neverCloses, neverReads, pausedAfter, slow
from tests.support.gateway import Gateway
from tests.support.rawprinter import Behaviour, RawPrinter, good
from tests.support.session import MUCH, Session, lastLine, push

#: Seconds after which nobody waits for an answer any more: three probes, 120 s apart, and some.
ENOUGH = 420.0

#: What a printer's kernel may take before the printer reads.
SMALL_BUFFER = 16384

NEAR, FAR = "192.0.2.1", "192.0.2.2"

T = TypeVar("T")

_OWN_NETWORK = 0x40000000  # CLONE_NEWNET, sched.h
_INSIDE = "inside"


@dataclass
class Job:
    """
    One job and what becomes of it.

    @ivar before: seconds that it runs before the cable is pulled.
    @ivar send: what the sender does until then.
    """

    what: str
    behave: Behaviour
    send: Callable[[Job], None]
    before: float = 5.0
    plugged: bool = False
    session: Session = field(init=False)
    wire: socket.socket = field(init=False)
    answer: str = "waits still"
    after: float = 0.0


def pushes(job: Job) -> None:
    """More than anybody buffers."""
    threading.Thread(target=_push, args=[job.wire], daemon=True).start()


def _push(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):
        push(wire, MUCH * 1000, patience=2 * ENOUGH)


def sends(count: int, end: bool) -> Callable[[Job], None]:
    """So much, and then its end or nothing."""

    def send(job: Job) -> None:
        job.wire.sendall(bytes(count))
        if end:
            job.wire.close()

    return send


def jobs(paperless: float, paper: threading.Event) -> list[Job]:
    """All that is tried at the same time."""
    never = threading.Event()
    return [
        Job("printing", slow(65536, 0.01), pushes),
        Job("out of paper for 5 s", pausedAfter(1000, never), pushes),
        Job(f"out of paper for {paperless:g} s", pausedAfter(1000, never), pushes, paperless),
        Job("all sent, not all taken", neverReads, sends(200_000, end=True)),
        Job("all sent and taken, no FIN", neverCloses, sends(1000, end=True)),
        Job("the sender pauses", good, sends(1000, end=False)),
        Job("out of paper, plugged", pausedAfter(1000, paper), sends(400_000, True), plugged=True),
    ]


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


def _leaveNetwork() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_OWN_NETWORK):
        raise OSError(ctypes.get_errno(), "unshare")


def _hear(job: Job, pulled: float) -> None:
    assert job.session.sock is not None
    job.session.sock.settimeout(ENOUGH)
    with contextlib.suppress(OSError):
        job.answer = lastLine(job.session.reply())
    job.after = time.monotonic() - pulled


class Cable:
    """
    A cable from the network that this process is in, and which is nobody else's, to another one.
    """

    def __init__(self) -> None:
        self._far = ThreadPoolExecutor(1, initializer=_leaveNetwork)
        there = str(self.far(threading.get_native_id))
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", there)
        _run("ip", "address", "add", f"{NEAR}/24", "dev", "near")
        _run("ip", "link", "set", "near", "up")
        self.far(_run, "ip", "address", "add", f"{FAR}/24", "dev", "far")
        self.far(_run, "ip", "link", "set", "far", "up")

    def far(self, work: Callable[..., T], *arguments: object) -> T:
        """Do something at the other end, where L{FAR} is."""
        return self._far.submit(work, *arguments).result()

    def pull(self) -> None:
        """Now."""
        self.far(_run, "ip", "link", "set", "far", "down")


def inNetworkOfItsOwn(*words: str) -> list[str]:
    """The command line of a Python program that is alone in its network."""
    unshare = ["unshare", "-n" if os.getuid() == 0 else "-rn"]
    return [*unshare, sys.executable, *words]


def measure(paperless: float) -> None:
    """Pull the cable, print a line for each job."""
    cable = Cable()
    paper = threading.Event()
    with ExitStack() as all:
        tried, options = jobs(paperless, paper), []
        for job in tried:

            def printer(job: Job = job) -> RawPrinter:
                host = "127.0.0.1" if job.plugged else FAR
                return RawPrinter(job.behave, host=host, receiveBuffer=SMALL_BUFFER, keep=False)

            made = printer() if job.plugged else cable.far(printer)
            options += ["--printer", all.enter_context(made).uri()]
        directory = Path(all.enter_context(tempfile.TemporaryDirectory()))
        gateway = all.enter_context(Gateway(directory, *options, "--max-sessions=99"))
        pulling = time.monotonic() + max(job.before for job in tried)
        for number, job in sorted(enumerate(tried, start=1), key=lambda each: -each[1].before):
            time.sleep(max(0.0, pulling - job.before - time.monotonic()))
            job.session = all.enter_context(Session(gateway.port))
            job.wire = job.session.upload(f"port{number}/page.ps")
            job.send(job)
        time.sleep(max(0.0, pulling - time.monotonic()))
        cable.pull()
        pulled = time.monotonic()
        waiting = [threading.Thread(target=_hear, args=(job, pulled)) for job in tried]
        for thread in waiting:
            thread.start()
        for thread, job in zip(waiting, tried, strict=True):
            if not job.plugged:
                thread.join()
        paper.set()
        for job, thread in zip(tried, waiting, strict=True):
            thread.join()
            print(f"{job.what:28} {job.after:6.1f} s  {job.answer}", flush=True)


def main() -> None:
    """In a network namespace, which is made first."""
    seconds = next((word for word in sys.argv[1:] if word != _INSIDE), "60")
    if _INSIDE in sys.argv:
        measure(float(seconds))
    else:
        command = inNetworkOfItsOwn("-m", "laboratory.peers.cable", seconds, _INSIDE)
        os.execvp(command[0], command)


if __name__ == "__main__":
    main()
