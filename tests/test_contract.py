"""
The rules of a transport: our own keep them, and each that is broken is found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProducer
from zope.interface import implementer

from jetdirect.errors import PrinterLost
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrintJob
from jetdirect.testing import FakePrinter
from jetdirect.testing.contract import RULES, Rule, TestedPrinter, broken
from jetdirect.transports.dressing import DressedTransport, Dressing
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.file.transport import AppendTransport, FileTransport
from jetdirect.transports.gap import GapTransport
from jetdirect.transports.lpd.client import PrintServer
from jetdirect.transports.lpd.rfc1179 import END_OF_FILE
from jetdirect.transports.lpd.transport import LPDTransport
from jetdirect.transports.pjl.transport import PJLTransport
from jetdirect.transports.policy import PJLPolicy, policed
from jetdirect.transports.socket import SocketTransport
from tests.support.endpoint import Endpoint, Wire
from tests.test_lpd import Threads

BUG = RuntimeError("a bug in a plugin")


# Our own.


class InMemory(TestedPrinter):
    """A printer that takes all at once."""

    def __init__(self, directory: Path) -> None:
        self.printer = FakePrinter()
        super().__init__(self.wrapped(self.printer))

    def wrapped(self, printer: FakePrinter) -> Any:
        return printer

    def lose(self) -> bool:
        self.printer.jobs[-1].lose()
        return True


class Dressed(InMemory):
    def wrapped(self, printer: FakePrinter) -> Any:
        return DressedTransport(printer, Dressing(b"prolog", b"epilog", True))


class Late(InMemory):
    def wrapped(self, printer: FakePrinter) -> Any:
        return GapTransport(printer, 3.0)


class Logged(InMemory):
    def wrapped(self, printer: FakePrinter) -> Any:
        return policed(printer, PJLPolicy.LOG)


class Refusing(InMemory):
    def wrapped(self, printer: FakePrinter) -> Any:
        return policed(printer, PJLPolicy.REFUSE)


class Socket(TestedPrinter):
    """A printer on TCP, which answers our end with its own."""

    options: dict[str, Any] = {}

    def __init__(self, directory: Path) -> None:
        self.reactor = Threads()
        self.endpoint = Endpoint()
        super().__init__(self.made(), self.reactor)

    def made(self) -> Any:
        return SocketTransport(self.reactor, self.endpoint, "socket://printer", **self.options)

    def turn(self, seconds: float) -> None:
        super().turn(seconds)
        for wire in self.endpoint.wires:
            if wire.connected:
                self.serve(wire)

    def serve(self, wire: Wire) -> None:
        if wire.halfClosed:
            wire.fin()

    def lose(self) -> bool:
        self.endpoint.wires[-1].rst()
        return True


class Silent(Socket):
    """One that never closes."""

    options = {"waitEOF": False}

    def serve(self, wire: Wire) -> None:
        pass


class ThrowingAway(Silent):
    """One that throws away what it has when it sees our end."""

    options = {"halfClose": False}


class Talking(Socket):
    """One that is said to speak PJL, and does not."""

    def made(self) -> Any:
        return PJLTransport(super().made(), self.reactor, self.endpoint, False)


class Spooled(Socket):
    """A print server, and jobs whose size it is told when they have ended."""

    def made(self) -> Any:
        self._heard: dict[Wire, bytes] = {}
        self._named: set[Wire] = set()
        server = PrintServer(
            self.reactor, self.endpoint, "lpd://server/queue", "queue", "", FINISH_TIMEOUT
        )
        return LPDTransport(self.reactor, server)

    def serve(self, wire: Wire) -> None:
        # A line for a command or a file's name, then as many octets as it has said, and a zero.
        heard = self._heard.get(wire, b"") + wire.said()
        line, end, rest = heard.partition(b"\n")
        more = int(line[1:].split()[0]) if line[:1] in b"\2\3" and b" " in line else 0
        named = wire in self._named
        if end and not named:
            heard = rest if not more else heard
            self._named ^= {wire} if more else set()
            wire.receive(b"\0")
        elif named and len(rest) > more:
            heard = rest[more + len(END_OF_FILE) :]
            self._named.discard(wire)
            wire.receive(b"\0")
        self._heard[wire] = heard

    def lose(self) -> bool:
        wires = [wire for wire in self.endpoint.wires if wire.connected]
        for wire in wires:
            wire.rst()
        return bool(wires)


class Streamed(Spooled):
    """The same, and jobs that tell it before."""

    announces = True


class Directory(TestedPrinter):
    """A directory for jobs."""

    def __init__(self, directory: Path) -> None:
        threads: Any = Threads()
        super().__init__(FileTransport(threads, str(directory)), threads)


class Appended(TestedPrinter):
    """A file for jobs."""

    def __init__(self, directory: Path) -> None:
        threads: Any = Threads()
        file = directory / "jobs"
        file.touch()
        super().__init__(AppendTransport(threads, str(file)), threads)


OURS = [InMemory, Dressed, Late, Logged, Refusing, Socket, Silent, ThrowingAway, Talking]
OURS += [Spooled, Streamed, Directory, Appended]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_ours(kind: Callable[[Path], TestedPrinter], rule: Rule, tmp_path: Path) -> None:
    """Each of our own that can be in memory keeps each rule."""
    rule(kind(tmp_path))


# Transports with a mistake.


@implementer(IPrinterConnection)
class Mistaken:
    """A connection that does right but for what a subclass does wrong."""

    def __init__(self, inner: Any, job: IPrintJob) -> None:
        self.inner = inner
        self.job = job

    @property
    def sent(self) -> int:
        return int(self.inner.sent)

    def write(self, data: bytes) -> None:
        self.inner.write(data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        self.inner.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self.inner.unregisterProducer()

    def finish(self) -> Any:
        return self.inner.finish()

    def abort(self, tail: bytes) -> Any:
        return self.inner.abort(tail)


def raises(*_: object) -> Any:
    """What a method with a bug does."""
    raise BUG


def neverFires(*_: object) -> Any:
    """What a method that forgets its Deferred does."""
    return Deferred()


def fails(*_: object) -> Any:
    """What a method does whose bug is in a callback."""
    return fail(BUG)


def nothing(*_: object) -> None:
    """What a method does that returns no Deferred."""


def lostToo(self: Any) -> Any:
    """finish that is told of twice."""
    self.job.printerLost(PrinterLost("gone"))
    return self.inner.finish()


def lostLater(self: Any, tail: bytes) -> Any:
    """abort that is told of twice."""
    aborted = self.inner.abort(tail)
    self.job.printerLost(PrinterLost("gone"))
    return aborted


def pausesForEver(self: Any, data: bytes) -> None:
    """write that forgets what it has paused."""
    self.inner.write(data)
    self.inner.pause()


CONNECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "write raises": ({"write": raises}, "finishes"),
    "registerProducer raises": ({"registerProducer": raises}, "finishes"),
    "unregisterProducer raises": ({"unregisterProducer": raises}, "finishes"),
    "finish raises": ({"finish": raises}, "finishes"),
    "finish never fires": ({"finish": neverFires}, "finishes"),
    "finish fails": ({"finish": fails}, "finishesWithoutBytes"),
    "finish gives nothing": ({"finish": nothing}, "finishes"),
    "finish gives no level": ({"finish": lambda _: succeed(None)}, "finishes"),
    "finish says too much": ({"finish": lambda _: succeed(Delivery.CONFIRMED)}, "finishes"),
    "finish is told twice": ({"finish": lostToo}, "finishes"),
    "abort raises": ({"abort": raises}, "abortsBeforeTheFirstByte"),
    "abort never fires": ({"abort": neverFires}, "abortsInMidJob"),
    "abort fails": ({"abort": fails}, "abortsWhileFinishing"),
    "abort gives nothing": ({"abort": nothing}, "abortMayBeCanceled"),
    "abort is told twice": ({"abort": lostLater}, "abortsInMidJob"),
    "sent is always 0": ({"sent": property(lambda _: 0)}, "finishes"),
    "write pauses for ever": ({"write": pausesForEver}, "pausesAndGoesOn"),
}
"""The method that is wrong in a connection, and a rule that must find it."""


@pytest.mark.parametrize("name", CONNECTIONS)
def test_mistakenConnection(name: str) -> None:
    """A connection that does something wrong is found, by the rule that is about it."""
    methods, rule = CONNECTIONS[name]
    kind = type("Wrong", (Mistaken,), methods)

    def open(self: Any, job: IPrintJob) -> Any:
        return FakePrinter.open(self, job).addCallback(lambda inner: kind(inner, job))

    found = broken(lambda: TestedPrinter(_printer({"open": open})))
    assert rule in [each.partition(":")[0] for each in found], found


def oneOnly(self: Any, job: IPrintJob) -> Any:
    """open that forgets to free the printer."""
    return FakePrinter.open(self, job) if not self.jobs else neverFires()


TRANSPORTS: dict[str, tuple[dict[str, Any], str]] = {
    "open raises": ({"open": raises}, "finishes"),
    "open never fires": ({"open": neverFires}, "finishes"),
    "open gives nothing": ({"open": nothing}, "finishes"),
    "open gives no connection": ({"open": lambda *_: succeed(None)}, "finishes"),
    "open fails": ({"open": fails}, "finishes"),
    "open works once": ({"open": oneOnly}, "abortsInMidJob"),
    "ask raises": ({"ask": raises}, "isAskedAtAnyTime"),
    "ask never fires": ({"ask": neverFires}, "isAskedAtAnyTime"),
    "ask fails": ({"ask": fails}, "isAskedAtAnyTime"),
    "ask gives nothing": ({"ask": nothing}, "isAskedAtAnyTime"),
    "status is a word": ({"status": property(lambda _: "idle", nothing)}, "saysWhatItIs"),
    "uri has a password": ({"uri": "lpd://ann:secret@server/queue"}, "saysWhatItIs"),
    "no description": ({"description": property(lambda _: "", nothing)}, "saysWhatItIs"),
}
"""The attribute that is wrong in a transport, and a rule that must find it."""


@pytest.mark.parametrize("name", TRANSPORTS)
def test_mistakenTransport(name: str) -> None:
    """A transport that does something wrong is found, by the rule that is about it."""
    attributes, rule = TRANSPORTS[name]
    found = broken(lambda: TestedPrinter(_printer(attributes)))
    assert rule in [each.partition(":")[0] for each in found], found


def _printer(attributes: dict[str, Any]) -> FakePrinter:
    kind = type("WrongPrinter", (FakePrinter,), attributes)
    printer: FakePrinter = kind()
    return printer


def _lostBy(lose: Callable[[FakePrinter, IPrintJob], None], late: bool = False) -> list[str]:
    """What is found in a printer that is lost in this way."""

    class Losing(TestedPrinter):
        def __init__(self) -> None:
            self.jobs: list[IPrintJob] = []
            self.printer = _printer({"open": self.open})
            self.printer.hesitant = late
            super().__init__(self.printer)

        def open(self, job: IPrintJob) -> Any:
            self.jobs.append(job)
            return FakePrinter.open(self.printer, job)

        def lose(self) -> bool:
            lose(self.printer, self.jobs[-1])
            return True

    return [each.partition(":")[0] for each in broken(Losing)]


def test_losses() -> None:
    """A printer that is lost twice, in silence, or by the wrong word is found."""

    def twice(printer: FakePrinter, job: IPrintJob) -> None:
        printer.jobs[-1].lose()
        job.printerLost(PrinterLost("gone"))

    def inSilence(printer: FakePrinter, job: IPrintJob) -> None:
        pass

    assert _lostBy(lambda printer, job: printer.jobs[-1].lose()) == []
    assert _lostBy(twice) == ["isLostOnce"]
    assert _lostBy(inSilence) == ["isLostOnce"]
    assert "isLostWhileFinishing" in _lostBy(twice, late=True)
    assert "isLostWhileFinishing" in _lostBy(inSilence, late=True)
