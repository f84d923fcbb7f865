"""
The line printer daemon protocol (RFC 1179), spoken: one dialogue is one job for one queue.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime, IStreamClientEndpoint
from zope.interface import implementer

from ...errors import PrinterLost, PrinterUnreachable
from ...interfaces import IPrintJob
from ...net.dial import Dialer
from ..dialogue import Dialogue
from ..ending import Ending
from . import rfc1179


class LPDDialogue(Dialogue):
    """
    What is said to a print server, and the octet that answers each of it.

    @ivar ending: is told that the server is gone while nothing is awaited from it; L{None} as long
        as no job has the queue for itself.
    @ivar behind: what is to be said behind the data file.
    """

    def __init__(self, clock: IReactorTime, patience: float) -> None:
        """@param patience: seconds to wait for an acknowledgement."""
        super().__init__(clock, patience, "server")
        self.ending: Ending | None = None
        self.behind: Sequence[bytes] = ()
        self._answer: Deferred[None] | None = None

    async def say(self, data: bytes, what: str) -> None:
        """
        Send something, and wait for its acknowledgement.

        @param what: in words, for what the server may refuse.
        @raise PrinterLost: it did not come.
        """
        if self.gone is not None:
            raise self.gone
        self._answer = Deferred()
        self.expect(what)
        self.transport.write(data)
        try:
            await self._answer
        finally:
            self._answer = None

    def pour(self, data: bytes) -> None:
        """Send octets of the data file."""
        if self.gone is None:
            self.sent += len(data)
            self.transport.write(data)

    async def end(self) -> None:
        """
        Say that the data file is whole, and take leave.

        @raise PrinterLost: the server did not take it, or has not said so.
        """
        try:
            await self.say(rfc1179.END_OF_FILE, "the end of the job")
            for data in self.behind:
                await self.say(data, "the control file")
        except PrinterLost:
            await self.abort()
            raise
        await self.hangUp()

    def dataReceived(self, data: bytes) -> None:
        """One octet for each thing that was said; of several zeros the first is the answer."""
        answer = None if self._answer is None or self._answer.called else self._answer
        no = data.lstrip(rfc1179.ACKNOWLEDGED)
        if no:
            what = "broke off the job" if answer is None else f"refused {self._awaited}"
            self.lose(f"the server {what}{rfc1179.refusal(no)}")
        elif answer is not None:
            self.expect("")
            answer.callback(None)

    def lost(self, why: PrinterLost) -> None:
        """L{Dialogue}."""
        if self._answer is not None and not self._answer.called:
            self._answer.errback(why)
        elif self.ending is not None:
            self.ending.lost(why)


@implementer(IPushProducer)
class Room:
    """A producer that waits until a dialogue's connection takes more; to be registered there."""

    def __init__(self) -> None:
        self._waiting: Deferred[None] | None = None

    async def there(self) -> None:
        """Wait until the connection takes more, or nothing any more."""
        if self._waiting is not None:
            await self._waiting

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        if self._waiting is None:
            self._waiting = Deferred()

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def stopProducing(self) -> None:
        """L{IPushProducer}: the connection is lost."""
        self.resumeProducing()


class LPDServer:
    """
    A queue of a print server, and how to talk to it.

    @ivar uri: its device URI, without the user name.
    @ivar firstNumber: what is added to the numbers of jobs in the names of their files, which have
        room for three digits: after a restart the server may still have files of the run before.
    """

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        uri: str,
        queue: str,
        user: str,
        patience: float,
        firstNumber: int = 0,
        dataFirst: bool = False,
        format: str = "l",
        banner: bool = False,
    ) -> None:
        """
        @param user: the name that the server is told; C{""}: the one that the sender logged in
            with.
        @param patience: seconds to wait for an acknowledgement.
        @param dataFirst: the control file follows the data file.
        @param format: what the data file is said to be, one of L{rfc1179.FORMATS}.
        @param banner: ask for a page with the user's name before the job.
        """
        self._clock = clock
        self._dialer = Dialer(clock, endpoint, uri)
        self.uri = uri
        self._queue = queue
        self._user = user
        self._patience = patience
        self.firstNumber = firstNumber
        self._dataFirst = dataFirst
        self._format = format
        self._banner = banner
        self._host = socket.gethostname().partition(".")[0]

    async def begin(self) -> LPDDialogue:
        """
        A connection that is ready to take files for the queue.

        @raise PrinterUnreachable: it is not there, or says no.
        """
        dialogue: LPDDialogue = await self._dialer.dial(
            lambda: LPDDialogue(self._clock, self._patience)
        )
        await self._ask(dialogue, rfc1179.receiveJob(self._queue), "jobs for this queue")
        return dialogue

    async def announce(self, dialogue: LPDDialogue, job: IPrintJob, size: int) -> None:
        """
        Send the beginning of the data file, and before it, or later behind it, the control file.

        @param size: octets of the data file; at least one: 0 means "until you hear no more" to
            some servers.
        @raise PrinterUnreachable: the server does not want them.
        """
        number, host = job.number + self.firstNumber, self._host
        user = self._user or job.user
        control = rfc1179.controlFile(number, host, user, job.name, self._format, self._banner)
        header = rfc1179.controlFileHeader(len(control), number, host)
        files = (header, control + rfc1179.END_OF_FILE)
        if self._dataFirst:
            dialogue.behind = files
        else:
            for each in files:
                await self._ask(dialogue, each, "the control file")
        await self._ask(dialogue, rfc1179.dataFileHeader(size, number, host), "the data file")

    async def _ask(self, dialogue: LPDDialogue, command: bytes, what: str) -> None:
        try:
            await dialogue.say(command, what)
        except PrinterLost as why:
            await dialogue.abort()
            raise PrinterUnreachable(f"{self.uri}: {why.reason}") from why
        except BaseException:  # canceled
            dialogue.abort()
            raise
