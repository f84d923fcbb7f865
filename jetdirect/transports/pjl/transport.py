"""
C{pjl=on}: a printer that speaks PJL is asked how it is while no job has it, and tells when a job is
done.

Not one byte of a job is changed or moved.  Before its first byte the printer is asked to tell of
jobs, and told the job's name, unless the job brings a C{@PJL JOB} of its own; after its last byte
that its end has come.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from zope.interface import implementer

from ...interfaces import (
    Delivery,
    IPrinterConnection,
    IPrinterTransport,
    IPrintJob,
    IReadsLines,
    PrinterStatus,
)
from ...language import HEAD_BYTES, UEL, tailFor
from ..backchannel import BackChannel
from ..wrapped import WrappedConnection
from .brackets import Brackets
from .question import Question
from .talk import JobNews, MessageListener, jobNews

_TELL_OF_JOBS = UEL + b"@PJL USTATUS JOB=ON\r\n"


class PJLBackChannel(BackChannel):
    """What a printer says of one job, as far as it is told in PJL."""

    def __init__(self, job: int) -> None:
        """@param job: its number."""
        super().__init__(job)
        self._listener = MessageListener()
        self._expected: list[frozenset[str]] = []
        self._names: set[str] = set()
        self._whole = False

    @property
    def awaits(self) -> bool:
        """L{BackChannel}."""
        return self._whole and bool(self._expected)

    @property
    def confirmed(self) -> bool:
        """L{BackChannel}."""
        return self._whole and not self._expected

    def heard(self, data: bytes) -> None:
        """L{BackChannel}: of jobs with another name it may tell what it likes."""
        super().heard(data)
        for news in filter(None, map(jobNews, self._listener.heard(data))):
            self._handle(news)

    def sending(self, names: Iterable[str], ended: Iterable[frozenset[str]]) -> None:
        """
        What the printer is sent now.

        @param names: what jobs call themselves in it.
        @param ended: for each job that it ends, under which names the printer may tell of that.
        """
        self._names.update(names)
        self._expected += ended

    def whole(self) -> None:
        """The printer was sent everything, and is to tell of all ends."""
        self._whole = True

    def _handle(self, news: JobNews) -> None:
        if news.canceled:
            self.canceled = self.canceled or (news.name in self._names and not self.confirmed)
            return
        for names in self._expected:
            if news.name in names:
                self._expected.remove(names)
                return


@implementer(IPrinterTransport, IReadsLines)
class PJLTransport:
    """A stream transport whose printer speaks PJL."""

    reaches = Delivery.CONFIRMED

    def __init__(
        self, inner: Any, clock: IReactorTime, endpoint: IStreamClientEndpoint, named: bool
    ) -> None:
        """
        @param inner: the L{SocketTransport<jetdirect.transports.socket.SocketTransport>}.
        @param endpoint: where the printer is.
        @param named: the operator has given the printer a name, which is better than its own.
        """
        self.uri: str = inner.uri
        self.status = PrinterStatus()
        self._inner = inner
        self._clock = clock
        self._endpoint = endpoint
        self._named = named
        self._taken = False
        self._question: Question | None = None

    @property
    def description(self) -> str:
        """L{IPrinterTransport}."""
        own: str = self._inner.description
        return own if self._named else self.status.model or own

    def ask(self) -> Deferred[None]:
        """L{IPrinterTransport}: not while a job has the printer."""
        return succeed(None) if self._taken else Deferred.fromCoroutine(self._ask())

    def open(self, job: IPrintJob) -> Deferred[IPrinterConnection]:
        """L{IPrinterTransport}: a question is given up first."""
        return Deferred.fromCoroutine(self._open(job))

    async def _ask(self) -> None:
        question = self._question = Question(self._clock, self._inner.halfClose)
        try:
            await question.put(self._endpoint)
        finally:
            self._question = None
        answer = question.answer
        self._setStatus(PrinterStatus(model=answer.model) if self._taken else answer)

    async def _open(self, job: IPrintJob) -> IPrinterConnection:
        self._taken = True
        self._setStatus(PrinterStatus())  # how it is changes now, and nobody asks
        try:
            if self._question is not None:
                self._question.end()
                await self._question.whenOver()
            heard = PJLBackChannel(job.number)
            connection = await self._inner.open(job, heard)
        except BaseException:
            self._taken = False
            raise
        return PJLConnection(connection, job, heard, self)

    def _setStatus(self, status: PrinterStatus) -> None:
        self.status = status._replace(model=status.model or self.status.model)

    def take(self, taken: bool) -> None:
        """For its connections: a job has the printer, or has it no more."""
        self._taken = taken


@implementer(IPrinterConnection)
class PJLConnection(WrappedConnection):
    """The printer, while one job has it.  A job without bytes stays without."""

    def __init__(
        self,
        inner: IPrinterConnection,
        job: IPrintJob,
        heard: PJLBackChannel,
        transport: PJLTransport,
    ) -> None:
        super().__init__(inner)
        self._heard = heard
        self._transport = transport
        # A name that no other job has, of another gateway or of the time before a restart.
        self._name = f"jetdirect {job.number} {secrets.token_hex(4)}"
        self._brackets = Brackets()
        self._held = b""
        self._head = b""
        self._begun = False
        self._wraps = False
        self._finishing = False

    def write(self, data: bytes) -> None:
        """L{IPrinterConnection}: the first bytes are held back until it is known what they are."""
        self._brackets.feed(data)
        if self._begun:
            self._pass(data)
            return
        self._held += data
        if self._brackets.decided or len(self._held) > HEAD_BYTES:
            self._begin()

    def finish(self) -> Deferred[Delivery]:
        """L{IPrinterConnection}."""
        self._brackets.flush()
        if self._held:
            self._begin()
        self._finishing = True
        if self._begun:
            self._conclude()
        return super().finish().addBoth(self._leave)

    def abort(self, tail: bytes) -> Deferred[None]:
        """L{IPrinterConnection}: what is sent already has a beginning of ours, and needs an end."""
        self._held = b""
        self._transport.take(True)
        own = tailFor(self._head) if self._begun and not self._finishing else b""
        return super().abort(own).addBoth(self._leave)

    def _begin(self) -> None:
        self._begun = True
        self._brackets.decided = True
        self._wraps = not self._brackets.own
        held, self._held = self._held, b""
        beginning = _TELL_OF_JOBS
        if self._wraps:
            beginning += b'@PJL JOB NAME="%s"\r\n' % self._name.encode()
            self._heard.sending([self._name], [])
        self._pass(beginning + held)

    def _conclude(self) -> None:
        if not self._wraps:
            if self._brackets.even:
                self._heard.whole()
            return
        if self._brackets.none:
            self._heard.sending([], [frozenset([self._name])])
            self._heard.whole()
        self._pass(UEL + b'@PJL EOJ NAME="%s"\r\n' % self._name.encode() + UEL)

    def _pass(self, data: bytes) -> None:
        ended = self._brackets.ended()
        self._heard.sending(self._brackets.names, [] if self._wraps else ended)
        if len(self._head) < 2 * HEAD_BYTES:
            self._head += data[: 2 * HEAD_BYTES - len(self._head)]
        super().write(data)

    def _leave(self, result: Any) -> Any:
        self._transport.take(False)
        return result
