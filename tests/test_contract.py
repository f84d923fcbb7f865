"""
The rules of a transport: our own keep them, and each that is broken is found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProducer
from zope.interface import implementer

from jetdirect.errors import PrinterLost
from jetdirect.interfaces import Delivery, IPrinterConnection, IPrintJob
from jetdirect.testing import FakePrinter
from jetdirect.testing.contract import TestedPrinter, broken

BUG = RuntimeError("a bug in a plugin")


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
