"""
An upload, from the command to its reply: the order of things is the promise.

The job's turn, the printer, 150, the data connection, the bytes, the printer's word, the reply.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import (
    DataConnectionLost,
    JobAborted,
    NoDataConnection,
    PrintError,
    SenderLost,
    ShuttingDown,
    SpoolSilent,
)
from ..interfaces import Delivery
from ..job import UploadedJob
from ..net.deadline import Deadline, hasFired
from ..port import PrintingPort
from . import replies
from .data import DataPort
from .replies import Reply
from .transfer import Transfer, TransferSession, step

PATIENCE = 4.0
"""Seconds in which the data connection has to be made while other jobs wait for the printer: two
lost SYNs are sent again after 1 and 3 s (RFC 6298, section 2)."""

HEARING_LOOKS, HEARING_INTERVAL = 250, 0.002
"""How often it is looked, and after how many seconds again, whether the words were done that a
sender had said when its data ended: beside floods of others they waited up to 60 ms for their turn
(measured).  One that goes on talking is waited for half a second (chosen)."""

SMALL_PIECE = 4096
"""Bytes of a job that are read at a time where each line is looked at: of lines of five bytes that
takes 2 to 4 ms, and 64 KiB took 67 (measured)."""

LARGE_PIECE = 1 << 19
"""Bytes of a large job that are read at a time where it is kept: a GiB is in the spool in 0.7 of
the time that it takes with 64 KiB, with 256 KiB in 0.9 (measured)."""


class Upload(Transfer):
    """STOR, STOU or APPE: one job."""

    _log = Logger()

    def __init__(
        self,
        session: TransferSession,
        dataPort: DataPort,
        port: PrintingPort,
        job: UploadedJob,
        opening: Reply,
        printed: Callable[[], None],
    ) -> None:
        """
        @param opening: the 150.
        @param printed: called when the printer has the job.
        """
        super().__init__(session, dataPort)
        self._opening = opening
        self._printed = printed
        self.port = port
        self.job = job
        self.number = job.number
        self.underWay = False
        self._pouring = False
        self._hurry: Deadline | None = None

    def run(self, over: Callable[[], None]) -> None:
        """L{Transfer}: print the job."""
        self._over = over
        opened = self.job.whenOpened()
        if hasFired(opened) and self.job.error is None:
            self._opened(None)  # as where no other job has the printer
        else:
            opened.addCallbacks(self._opened, self._incomplete)

    # Its steps, of which each begins the next one.

    @step
    def _opened(self, _: None) -> None:
        self.underWay = True
        self.session.reply(self._opening)
        self._pouring = True
        if self.port.readsLines:
            self.dataPort.pieceSize = SMALL_PIECE
        elif self.port.settings.spool:
            self.dataPort.pieceSize = LARGE_PIECE
        if not self.dataPort.made:
            self._hurry = Deadline(self.session.reactor, PATIENCE, self._othersWait)
        self.dataPort.pourInto(self.job, self._poured)

    @step
    def _poured(self, error: DataConnectionLost | None) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
        if error is None:
            self._pouring = False
        else:
            self.job.cut(error)
        self._hearOut(HEARING_LOOKS)

    @step
    def _hearOut(self, looks: int) -> None:
        # An ABOR that was sent before the data's end may not have been read, or done.
        if looks and self.job.error is None and self.session.unheard:
            self.session.reactor.callLater(HEARING_INTERVAL, self._hearOut, looks - 1)
            return
        grace = self.session.settings.controlLossGrace
        if grace and self.job.error is None:
            Deferred.fromCoroutine(self.session.pause(grace)).addCallback(self._finish)
        else:
            self._finish(True)

    @step
    def _finish(self, _: bool) -> None:
        self._lookForSender()
        self.job.finish().addCallbacks(self._finished, self._incomplete)

    @step
    def _finished(self, delivery: Delivery) -> None:
        self._lookForSender()
        if self.job.error is not None:
            self.job.whenDecided().addCallback(self._refuse)
            return
        self._printed()
        self._answer(
            replies.PRINTED(
                port=self.port.name,
                job=self.job.number,
                name=self.job.name,
                bytes=self.job.bytes,
                delivery=replies.delivered(delivery, self.port.transport.reaches),
            )
        )
        self.job.replied()
        self.session.expectToBeHeard(self.job)
        self._end()

    @step
    def _incomplete(self, failure: Failure) -> None:
        error = failure.value
        assert isinstance(error, PrintError)
        if isinstance(error, SpoolSilent):
            self.aborts = 0
            self.session.hangUp()
        else:
            self._answer(replies.refusal(error, self.number))
        self._end()

    def failed(self, failure: Failure) -> None:
        """L{Transfer}: no reason to leave the printer in mid-job, or to guess the code."""
        self._log.failure("job {job} failed", failure, job=self.number)
        if self._answered:
            self._end()
        else:
            self.job.cut(PrintError("the gateway itself failed"))
            self.job.whenDecided().addCallback(self._refuse)

    def _refuse(self, _: None) -> None:
        assert self.job.error is not None
        self._answer(replies.refusal(self.job.error, self.number))
        self._end()

    def _end(self) -> None:
        if self.aborts:
            self.job.whenReleased().addCallback(self._aborted)
        else:
            self._over()

    def _aborted(self, _: None) -> None:
        done = replies.ABORTED if self.underWay else replies.ABORTED_IN_LINE
        for _each in range(self.aborts):
            self.session.reply(done(port=self.port.name))
        self._over()

    def _othersWait(self) -> None:
        # The printer is not kept for a sender who cannot reach us, or does not want to.
        if self.dataPort.begun or self.job.ended:
            return
        if self.port.wanted:
            why = f"the data connection was not made within {PATIENCE:g} s, and others wait"
            self.job.cut(NoDataConnection(why))
        else:
            self._hurry = Deadline(self.session.reactor, 1.0, self._othersWait)

    def _lookForSender(self) -> None:
        # A process that is killed closes both connections; both ends are often there together.
        if self.session.peerIsGone():
            self.senderLost()

    # What can happen meanwhile.

    @property
    def lastActive(self) -> float:
        """L{Transfer}: before and after the data flow the printer is waited for, not the sender."""
        return super().lastActive if self._pouring else self.dataPort.reactor.seconds()

    @property
    def outlivesSender(self) -> bool:
        """L{Transfer}."""
        return self.session.settings.fireAndForget and not self.job.ended

    @property
    def description(self) -> str:
        """L{Transfer}."""
        job = self.job
        told = f"job {job.number} on {self.port.name}: {job.state.value}, {job.bytes} bytes"
        if job.finishingSeconds >= 1:
            told += f", all sent; the printer's answer is awaited for {job.finishingSeconds:.0f} s"
        if job.blockedSeconds >= 1:
            told += f", the printer has taken nothing for {job.blockedSeconds:.0f} s"
        return told

    def abort(self) -> None:
        """L{Transfer}."""
        self.aborts += 1
        self._pouring = False
        self.job.cut(JobAborted("aborted by the sender"))
        self.dataPort.close()

    def senderLost(self) -> None:
        """L{Transfer}."""
        if not self.session.settings.fireAndForget:
            self._cutOff(SenderLost("the control connection was lost"))

    def timedOut(self, seconds: float) -> None:
        """L{Transfer}."""
        self._cutOff(DataConnectionLost(f"nothing came for {seconds:g} s"))

    def stop(self) -> None:
        """L{Transfer}."""
        self.job.cut(ShuttingDown("the gateway is shutting down"))

    # Inside.

    def _cutOff(self, error: PrintError) -> None:
        # A sender that has left need not be told why: nothing more is read from it.
        self.job.cut(error)
        self.dataPort.close()
