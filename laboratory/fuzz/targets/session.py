"""
A whole session in memory: whatever comes over control and data connection, replies are replies, a
226 has its bytes, nobody else is dialled, log lines are printable, nothing fails, no timer is left.

C{data} is a script whose steps end with NUL.

    - C{@D} and bytes: they come over the data connection.
    - C{@E}, C{@R}: its end, its reset.
    - C{@P}: the sender connects to the passive port; C{@A}: it answers the gateway's dialling.
    - C{@T}: a minute passes.  C{@Q}: the printer is lost.
    - anything else comes over the control connection as it is.
"""

from __future__ import annotations

import re

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from jetdirect.configuration import Configuration
from jetdirect.ftp.address import FIRST_UNPRIVILEGED
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender, MemoryWire
from laboratory.faults.invariants import COMPLETE

from .replies import isReply

TOKENS = (
    *(b"USER a\nPASS b\n", b"EPSV\n\0@P\0", b"PASV\n\0@P\0", b"STOR a.ps\n\0", b"\0@D%!PS\0@E\0"),
    *(b"PORT 192,0,2,1,40,1\n", b"EPRT |1|192.0.2.1|5000|\n", b"\0@A\0", b"\0@R\0", b"\0@T\0"),
    *(b"\0@Q\0", b"ABOR\n", b"QUIT\n", b"REIN\n", b"ALLO 4\n", b"TYPE I\n", b"LIST\n", b"STAT\n"),
    *(b"MKD d\n", b"RNFR a.ps\n", b"RNTO b.ps\n", b"MFMT 20260101000000 a.ps\n", b"MLSD\n"),
)

LINES = re.compile(rb"(?:[0-9]{3}-.*\r\n(?:(?:[0-9]{3}-| ).*\r\n)*)?[0-9]{3} .*\r\n")


@implementer(ILogObserver)
class _Log:
    """What was logged, and must not have been."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        text = formatEvent(event)
        grave = event.get("isError") or event.get("log_level") is LogLevel.critical
        if grave or "log_failure" in event or not text.isprintable():
            failure = event.get("log_failure")
            self.wrong.append(f"{text!r} {failure.getTraceback() if failure else ''}")
            if failure is not None:
                failure.cleanFailure()  # Twisted keeps it, and with it everything in its frames


class _Script:
    """One session and what it met."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.printer = FakePrinter()
        self.gateway = Gateway(Configuration([self.printer], []), self.reactor)
        self.gateway.factory.startSessions()
        self.sender = FakeSender(self.gateway.factory)
        self.said = self.sender.greeting.replace("\n", "\r\n").encode() + b"\r\n"
        self._dialled = 0

    def step(self, step: bytes) -> None:
        """Do it, and hear what is said to it."""
        sender, data = self.sender, self.sender.data
        if data is not None and not data.connected:
            data = None
        match step[:2]:
            case b"@D" if data is not None:
                data.receive(step[2:])
            case b"@E" if data is not None:
                data.fin()
            case b"@R" if data is not None:
                data.rst()
            case b"@P" if self.reactor.tcpServers:
                sender.connect()
            case b"@A" if len(self.reactor.tcpClients) > self._dialled:
                self._answer()
            case b"@T":
                self.reactor.advance(60)
            case b"@Q" if self.printer.jobs and not self.printer.jobs[-1].ended:
                self.printer.jobs[-1].lose()
            case _ if step[:1] != b"@" and sender.wire.connected:
                sender.wire.receive(step)
        self.said += sender.wire.said()

    def _answer(self) -> None:
        factory = self.reactor.tcpClients[self._dialled][2]
        self._dialled += 1
        protocol = factory.buildProtocol(None)
        if protocol is not None:
            self.sender.data = MemoryWire(protocol)

    def close(self) -> None:
        """The sender goes away, and all that was waited for comes to its end."""
        if self.sender.wire.connected:
            self.sender.wire.rst()
        self.reactor.pump([1.0] * 5)
        self.said += self.sender.wire.said()


def check(data: bytes) -> None:
    """Play the script."""
    log = _Log()
    globalLogPublisher.addObserver(log)
    try:
        script = _Script()
        for step in data.split(b"\0"):
            if step:
                script.step(step)
        script.close()
    finally:
        globalLogPublisher.removeObserver(log)
    assert not log.wrong, "\n".join(log.wrong)
    replies = LINES.findall(script.said)
    assert b"".join(replies) == script.said, script.said
    for reply in replies:
        isReply(reply)
        _isTrue(reply, script.printer)
    for host, port, *_ in script.reactor.tcpClients:
        assert host == script.sender.host and port >= FIRST_UNPRIVILEGED, (host, port)
    late = [str(call) for call in script.reactor.getDelayedCalls()]
    assert not late, late


def _isTrue(reply: bytes, printer: FakePrinter) -> None:
    claimed = COMPLETE.match(reply.decode().rstrip("\r\n").rpartition("\n")[2])
    if claimed is not None:
        printed = [len(job.data) for job in printer.jobs if job.ended == "finished"]
        assert int(claimed["bytes"]) in printed, (reply, printed)
