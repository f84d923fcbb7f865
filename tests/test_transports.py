"""
The kinds of printers that we bring, and what is put around them, keep the rules of a transport.
"""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import DNSLookupError
from twisted.internet.protocol import Factory, Protocol

from jetdirect.interfaces import IPrinterTransport
from jetdirect.testing import FakePrinter
from jetdirect.testing.contract import RULES, Rule, TestedPrinter
from jetdirect.transports.build import schemes, transportFor
from jetdirect.transports.dressing import DressedTransport, Dressing
from jetdirect.transports.ending import FINISH_TIMEOUT
from jetdirect.transports.file.transport import AppendTransport, FileTransport
from jetdirect.transports.gap import GapTransport
from jetdirect.transports.ipp.client import IPPClient
from jetdirect.transports.ipp.rfc8011 import (
    GET_JOB,
    GET_PRINTER,
)
from jetdirect.transports.ipp.transport import IPPTransport
from jetdirect.transports.lpd.client import LPDServer
from jetdirect.transports.lpd.rfc1179 import END_OF_FILE
from jetdirect.transports.lpd.transport import LPDTransport
from jetdirect.transports.parallel import ParallelTransport
from jetdirect.transports.pjl.transport import PJLTransport
from jetdirect.transports.policy import PJLPolicy, policed
from jetdirect.transports.snmp.transport import SNMPTransport
from jetdirect.transports.socket import SocketTransport
from jetdirect.transports.usb.transport import USBTransport
from jetdirect.transports.usb.usblp import Place
from tests.support import certificate
from tests.support.device import FakeDevice, ParallelPort, USBPrinter
from tests.support.endpoint import Endpoint, Wire
from tests.support.ippmessages import JOB, NEW, OLD, Said, jobState, message
from tests.support.ippserver import IPPServer
from tests.support.pipe import Reader
from tests.support.serialline import SerialPrinter
from tests.support.threads import Threads
from tests.support.waiting import begin, wait
from tests.test_help import ours

reactor: Any = theReactor

MOMENT = 0.005
"""Seconds that the reactor is given at a time, where there are threads or real sockets."""


# In memory.


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
        reactor: Any = Threads()
        self.reactor = reactor
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
        server = LPDServer(
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


class Internet(Socket):
    """A printer that speaks IPP, and takes a job before its document."""

    known: Said = NEW

    def made(self) -> Any:
        self._heard: dict[Wire, bytes] = {}
        uri = "ipp://printer:631/ipp/print"
        client = IPPClient(self.reactor, self.endpoint, uri, uri, "/ipp/print", "", "")
        return IPPTransport(self.reactor, client, "", FINISH_TIMEOUT, True)

    def serve(self, wire: Wire) -> None:
        heard = self._heard[wire] = self._heard.get(wire, b"") + wire.said()
        head, _, body = heard.partition(b"\r\n\r\n")
        if b"chunked" in head:
            if not body.endswith(b"0\r\n\r\n"):
                return
            body = body.partition(b"\r\n")[2]
        elif not body or b"Content-Length: %d\r\n" % len(body) not in head + b"\r\n":
            return
        self._heard[wire] = b""
        _, operation, number = struct.unpack(">HHI", body[:8])
        answers = {GET_PRINTER: self.known, GET_JOB: jobState(9)}
        content = message(0, number, answers.get(operation, JOB))
        wire.receive(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)

    def lose(self) -> bool:
        self.endpoint.wires[-1].rst()
        return True


class OldInternet(Internet):
    """One that takes a job only with its document."""

    known = OLD


class Asked(Socket):
    """A printer whose SNMP agent nobody can reach."""

    def made(self) -> Any:
        self.reactor.resolve = self._resolve
        return SNMPTransport(super().made(), self.reactor, "printer", False)

    def _resolve(self, host: str, timeout: object) -> Deferred[str]:
        return fail(DNSLookupError())


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


# With threads, descriptors and sockets.


class Real(TestedPrinter):
    """The reactor turns for a moment while the rule waits."""

    def turn(self, seconds: float) -> None:
        wait(min(seconds, MOMENT))
        self.serve()

    def serve(self) -> None:
        """The printer does what is its turn to do."""

    def switchOff(self) -> None:
        """The rule has been tried."""


class Driven(Real):
    """
    A printer behind a driver.

    It takes bytes only while the reactor turns: what was written since is lost with it.
    """

    def __init__(self, transport: IPrinterTransport, device: FakeDevice) -> None:
        super().__init__(transport)
        self.device = device
        device.gate.clear()

    def turn(self, seconds: float) -> None:
        self.device.gate.set()
        super().turn(seconds)
        self.device.gate.clear()

    def lose(self) -> bool:
        self.device.always = errno.ENODEV
        return True

    def switchOff(self) -> None:
        self.device.gate.set()


class Parallel(Driven):
    """A parallel port."""

    def __init__(self, directory: Path) -> None:
        device: Any = ParallelPort()
        super().__init__(ParallelTransport(reactor, "/dev/lp0", "", device.open), device)


class USB(Driven):
    """A printer on USB."""

    def __init__(self, directory: Path) -> None:
        device: Any = USBPrinter()
        place = Place("/dev/null")
        transport = USBTransport(reactor, "usb:/dev/usb/lp0", place, "", True, 0.0, device.open)
        super().__init__(transport, device)
        self.dispose = device.dispose

    def switchOff(self) -> None:
        self.dispose()


class Serial(Real):
    """A serial line."""

    def __init__(self, directory: Path) -> None:
        self.line = SerialPrinter()
        super().__init__(transportFor(reactor, f"serial:{self.line.path}"))

    def serve(self) -> None:
        if self.line.isOpen:
            self.line.read()

    def lose(self) -> bool:
        self.line.unplug()
        return True

    def switchOff(self) -> None:
        self.line.unplug()


class Pipe(Real):
    """A named pipe, and a program that reads it, job by job."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "pipe"
        os.mkfifo(self.path, 0o600)
        self.reader = Reader(self.path)
        super().__init__(transportFor(reactor, f"file://{self.path}"))

    def serve(self) -> None:
        if not self.reader.isOpen:
            return
        self.reader.read()
        if self.reader.atEnd:
            self.reader.close()
            self.reader = Reader(self.path)

    def lose(self) -> bool:
        self.reader.close()
        return True

    def switchOff(self) -> None:
        self.reader.close()


class RawPort(Real):
    """A printer on a port of this machine."""

    uri = "socket://127.0.0.1:{port}"

    def __init__(self, directory: Path) -> None:
        self.jobs: list[Any] = []
        factory = Factory.forProtocol(self.built)
        self.endpoint(directory).listen(factory).addCallback(self.listens)
        port = self.port.getHost().port
        uri = self.uri.format(port=port)
        super().__init__(transportFor(reactor, uri))

    def endpoint(self, directory: Path) -> Any:
        return TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")

    def listens(self, port: Any) -> None:
        self.port = port

    def built(self) -> Protocol:
        job = Protocol()
        self.jobs.append(job)
        return job

    def lose(self) -> bool:
        self.turn(MOMENT)
        wire = self.jobs[-1].transport
        if wire is None or not wire.connected:
            return False
        wire.abortConnection()
        return True

    def switchOff(self) -> None:
        self.port.stopListening()


class Elsewhere(RawPort):
    """The same, as a Twisted endpoint."""

    uri = "endpoint:tcp:host=127.0.0.1:port={port}"


class Secure(RawPort):
    """The same under TLS."""

    uri = "socket+tls://127.0.0.1:{port}?tls=any"

    def endpoint(self, directory: Path) -> Any:
        return certificate.endpoint(certificate.selfSigned(directory))


class Wrapped(RawPort):
    """One with all around it that a URI can ask for, and that needs no answer."""

    uri = (
        "socket://127.0.0.1:{port}?prolog=%1b%45&epilog=%1b%45&form-feed=on&newlines=crlf&gap=0.01"
    )


class SecureInternet(Real):
    """A printer that speaks IPP under TLS."""

    def __init__(self, directory: Path) -> None:
        self.server = IPPServer(certificate=certificate.selfSigned(directory))
        super().__init__(transportFor(reactor, self.server.uri("tls=any")))

    def switchOff(self) -> None:
        self.server.stop()


KINDS: dict[str, list[type[TestedPrinter]]] = {
    "endpoint": [Elsewhere],
    "file": [Directory, Appended, Pipe],
    "ipp": [Internet, OldInternet],
    "ipps": [SecureInternet],
    "lpd": [Spooled, Streamed],
    "parallel": [Parallel],
    "serial": [Serial],
    "socket": [Socket, Silent, ThrowingAway, RawPort],
    "socket+tls": [Secure],
    "usb": [USB],
}
"""Those of each scheme."""

AROUND: list[type[TestedPrinter]] = [Dressed, Late, Logged, Refusing, Talking, Asked, Wrapped]
"""What may be put around any of them."""

ALL = [each for kinds in KINDS.values() for each in kinds] + AROUND


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@pytest_twisted.ensureDeferred
async def test_contract(kind: Any, rule: Rule, tmp_path: Path) -> None:
    """Each keeps each rule."""
    printer = kind(tmp_path)
    try:
        await begin(lambda: rule(printer))
    finally:
        if isinstance(printer, Real):
            printer.switchOff()


def test_everyScheme() -> None:
    """No kind of printer that we bring is left out."""
    assert set(KINDS) == {name for name, each in schemes().items() if ours(each)}
