"""
A gateway and the printers of one transport, each with its fault; and how a job comes to its cell.
"""

from __future__ import annotations

import contextlib
import ftplib
import functools
import random
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from laboratory.printers.faults import EARLY
from laboratory.printers.row import Row, reached
from laboratory.printers.stands.stand import Kind, Stand, until
from tests.support.gateway import Gateway
from tests.support.peer import Peer
from tests.support.session import Session, lastLine

#: Seconds after which a gateway that says nothing is said to wait (chosen; the slowest answer here
#: comes after 15).
PATIENCE = 40.0

_WATCHED = Path(__file__).with_name("watched.py")
_LEVEL = re.compile(r"226 Transfer complete.*\(PORT\d+, job \d+, \d+ bytes, (.*)\)$")


@functools.cache
def noise(size: int) -> bytes:
    """
    A job of a language that nobody knows: when it is cut nothing is added.
    """
    return random.Random(size).randbytes(size)


@dataclass(frozen=True)
class Try:
    """
    One job for one cell.
    """

    fault: str
    data: bytes = field(repr=False)


#: Jobs of more bytes are called large (chosen; the kernels take some more on the loopback).
AT_ONCE = 1024 * 1024

#: Jobs that are there for L{Tries.warm}.
WARMING = [Try("good", noise(size)) for size in (100_000, 8 * 1024 * 1024)]


#: Faults that somebody here has a part in when the job is under way.
_MEANWHILE = ("paper out", "stalled", "closed early", "unplugged", "aborted")


def idle(each: Try, paperless: float) -> float:
    """
    For how many seconds a printer does nothing after the first bytes.

    One that closes early does it when all of a small job is with the kernels, and the gateway waits
    for its answer; in the middle of a large one at once.

    @param paperless: for how many it has no paper.
    """
    if each.fault == "closed early":
        return 0.3 if len(each.data) < AT_ONCE else 0
    return paperless if each.fault in ("paper out", "stalled") else 0


class Tries(Peer):
    """
    @ivar gateway: one that is watched, with a printing port for each try.
    """

    def __init__(
        self,
        kind: Kind,
        tries: Sequence[Try],
        place: Path,
        paperless: float = 0.2,
        host: str = "127.0.0.1",
        patience: float = PATIENCE,
    ) -> None:
        """
        @param tries: with those whose gateway needs the same before its command line.
        @param place: a directory of its own.
        @param paperless: seconds for which a printer is without paper, or stalls until its job is
            aborted.
        @param host: the printers' address.
        @param patience: seconds for which an answer is awaited.
        """
        self.kind = kind
        self.all = [*tries, *WARMING]
        self._paperless = paperless
        self._patience = patience
        self._all = contextlib.ExitStack()
        self._marks = 0
        self.stands: list[Stand] = []
        [before] = {tuple(kind.before.get(each.fault, ())) for each in tries}
        try:
            for number, each in enumerate([*tries, *WARMING]):
                own = place / str(number)
                own.mkdir(parents=True)
                self.stands.append(self._all.enter_context(kind.make(each.fault, own, host)))
            options = ["--connect-timeout", "1", "--drain-timeout", "0"]
            options += ["--max-sessions", "99"]
            for stand in self.stands:
                options += ["--printer", stand.uri]
            watched = [*before, sys.executable, str(_WATCHED)]
            self.gateway = self._all.enter_context(Gateway(place, *options, before=watched))
        except BaseException:
            self._all.close()
            raise

    def stop(self) -> None:
        """Gateway first, then printers."""
        self._all.close()

    # What is measured.

    def mark(self) -> None:
        """
        Forget the longest turn and the most memory so far.
        """
        self.longestTurn()
        Path(f"/proc/{self.gateway.pid}/clear_refs").write_text("5")  # proc(5): the peak RSS
        self._memory = self.gateway.memory()

    def longestTurn(self) -> float:
        """
        Milliseconds of the reactor's longest turn since this was asked last.
        """
        self._marks += 1
        self.gateway.signal(signal.SIGRTMIN)
        return float(self.gateway.waitFor(r"longest turn: ([\d.]+) ms", count=self._marks)[1])

    def growth(self) -> int:
        """
        Bytes by which the gateway's memory was, at most, larger than at the mark.
        """
        return self.gateway.memory("VmHWM") - self._memory

    # What is done.

    def warm(self) -> None:
        """
        Print some good jobs, after which the gateway has all that it keeps.
        """
        for number in range(len(self.all) - len(WARMING), len(self.all)):
            self.run(number)

    def measured(self, number: int) -> Row:
        """
        Do one try, and nothing beside it.
        """
        self.mark()
        row = self.run(number)
        return replace(row, memory=self.growth(), stall=self.longestTurn())

    def run(self, number: int) -> Row:
        """
        Do one try.
        """
        each, stand = self.all[number], self.stands[number]
        stand.ready()
        with Session(self.gateway.port) as session:
            assert session.sock is not None
            reply = self._print(session, number)
        stand.settle()
        level = _LEVEL.match(reply)
        return Row(
            self.kind.name,
            each.fault,
            reply,
            level[1] if level else "",
            reached(each.data, stand.got()),
        )

    def _print(self, session: Session, number: int) -> str:
        each, stand = self.all[number], self.stands[number]
        session.say("TYPE I")
        if stand.announced:
            session.say(f"ALLO {len(each.data)}")
        try:
            wire = session.transfercmd(f"STOR port{number + 1}/page.prn")
        except ftplib.Error as refused:  # instead of the 150
            return lastLine(str(refused))
        assert session.sock is not None
        session.sock.settimeout(self._patience)
        data = each.data
        if each.fault == "aborted":
            data = data[: len(data) // 2]
        end = threading.Event()
        if each.fault != "aborted" and (each.fault != "unplugged" or stand.spools):
            end.set()
        sending = threading.Thread(target=_send, args=(wire, data, end), daemon=True)
        sending.start()
        try:
            return self._outcome(session, number, end)
        except TimeoutError:
            return f"waits (for more than {self._patience:g} s)"
        finally:
            end.set()
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            sending.join()

    def _outcome(self, session: Session, number: int, end: threading.Event) -> str:
        stand, fault = self.stands[number], self.all[number].fault
        if fault in _MEANWHILE and fault not in self.kind.before:
            self._begun(session, number)
            time.sleep(idle(self.all[number], self._paperless))
        said = ""
        if fault == "stalled":
            said = f"waits, {self._state(session, number)[0]}; to ABOR: "
        elif fault in ("paper out", "closed early"):
            stand.paper.set()
        elif fault == "unplugged":
            stand.unplug()
            end.set()
        if fault in ("stalled", "aborted"):
            session.putcmd("ABOR")
        reply = lastLine(session.reply())
        if reply.startswith("426"):
            done = lastLine(session.reply())
            assert done.startswith("226") and not _LEVEL.match(done), done
        return said + reply

    def _begun(self, session: Session, number: int) -> None:
        # The job is under way.
        stand = self.stands[number]
        if stand.spools and self.all[number].fault == "aborted":
            until(lambda: self._state(session, number)[1] >= EARLY, "progress")
        else:
            stand.waitForBytes(EARLY)

    def _state(self, session: Session, number: int) -> tuple[str, int]:
        # Of the running job, and how many of its bytes have come.
        told = session.say(f"STAT PORT{number + 1}")
        found = re.search(r"job \d+: (\S+), (\d+) bytes", told)
        assert found is not None, told
        return found[1], int(found[2])


def _send(wire: socket.socket, data: bytes, end: threading.Event) -> None:
    wire.settimeout(None)
    with contextlib.suppress(OSError):
        wire.sendall(data)
        end.wait()
        wire.close()
