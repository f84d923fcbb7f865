"""
Crumbs (A20): a printer whose HTTP answers are made of the smallest pieces there are, and never end.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from laboratory.attacks.beside import beside
from laboratory.attacks.figures import Figures, spread
from laboratory.attacks.victim import HOSTILE, Innocent, Victim
from tests.support.caller import Caller
from tests.support.process import cpuSeconds
from tests.support.rawprinter import RawPrinter

_OKAY = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OKAY + b"Transfer-Encoding: chunked\r\n\r\n"

#: How an answer begins, and what follows again and again.
CRUMBS = {
    "chunks": (_CHUNKED, b"1\r\nx\r\n"),
    "extensions": (_CHUNKED, b"1;" + b"e" * 200 + b"\r\nx\r\n"),
    "interim": (b"", b"HTTP/1.1 100 C\r\n\r\n"),
    "fields": (_OKAY, b"a: b\r\n"),
    "folds": (_OKAY + b"a: b\r\n", b" b\r\n"),
    "trailers": (_CHUNKED + b"0\r\n", b"a: b\r\n"),
    "content": (_OKAY + b"\r\n", b"x"),
}


class Crumbler(RawPrinter):
    """
    An IPP printer that answers each question so, as fast as it is read.

    @ivar asked: how often it was asked.
    """

    def __init__(self, kind: str) -> None:
        self.asked = 0
        self._head, crumb = CRUMBS[kind]
        self._crumbs = crumb * (65_536 // len(crumb))
        super().__init__(self._answer)

    def _answer(self, caller: Caller) -> None:
        caller.read()
        self.asked += 1
        with contextlib.suppress(OSError):
            caller.say(self._head)
            while True:
                caller.say(self._crumbs)


def crumbs(place: Path, count: int, kinds: tuple[str, ...] = tuple(CRUMBS)) -> Figures:
    """
    How long another host's C{count} jobs for PORT1 take while PORT2 is asked without a pause, and
    how much of the processor the gateway needs meanwhile, in seconds a job.
    """
    found: Figures = {}
    for kind in kinds:
        with Crumbler(kind) as printer:
            uri = f"ipp://127.0.0.1:{printer.port}/"
            directory = place / kind
            directory.mkdir()
            with Victim(directory, "--printer", uri, "--connect-timeout", "0") as victim:
                pid = victim.gateway.pid
                before = cpuSeconds(pid)
                took = _beside(victim, count)
                busy = (cpuSeconds(pid) - before) / count
        assert printer.asked > 1, kind
        found[kind] = f"{spread(took)}; asked {printer.asked} times"
        found[f"processor of {kind}"] = busy
    return found


def _beside(victim: Victim, count: int) -> list[float]:
    def insist(over: threading.Event) -> None:
        with Innocent(victim.port, HOSTILE) as session:
            while not over.is_set():
                session.say("PASV")
                assert session.say("STOR port2/page").startswith("450")

    return beside(victim, insist, count)
