"""
An upload, from the command to its reply: the order of things is the promise.

The job's turn, the printer, 150, the data connection, the bytes, the printer's word, the reply.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

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
from ..net.deadline import Deadline
from ..port import PrintingPort
from . import replies
from .data import DataPort
from .replies import Reply
from .transfer import Transfer, TransferSession

PATIENCE = 4.0
"""Seconds in which the data connection has to be made while other jobs wait for the printer: two
lost SYNs are sent again after 1 and 3 s (RFC 6298, section 2)."""


class Upload(Transfer):
    """STOR, STOU or APPE: one job."""

    _log = Logger()

    def __init__(
        self,
        session: TransferSession,
        dataPort: DataPort,
        port: PrintingPort,
        job: UploadedJob,
        printed: Callable[[], None],
    ) -> None:
        """
        @param printed: called when the printer has the job.
        """
        super().__init__(session, dataPort)
        self._printed = printed
        self.port = port
        self.job = job
        self.number = job.number
        self.underWay = False
        self._pouring = False
        self._hurry: Deadline | None = None

    async def run(self, opening: Reply) -> None:
        """
        Print the job and send the replies.

        @param opening: the 150.
        """
        try:
            delivery = await self._print(opening)
        except SpoolSilent:
            self.session.hangUp()
            return
        except PrintError as error:
            self.session.reply(replies.refusal(error, self.job.number))
        except Exception:
            # A mistake of ours: no reason to leave the printer in mid-job, or to guess the code.
            self._log.failure("job {job} failed", job=self.number)
            fault = PrintError("the gateway itself failed")
            self.job.cut(fault)
            await self.job.whenDecided()
            self.session.reply(replies.refusal(self.job.error or fault, self.number))
        else:
            self._printed()
            self.session.reply(
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
        if self.aborts:
            await self.job.whenReleased()
            done = replies.ABORTED if self.underWay else replies.ABORTED_IN_LINE
            for _ in range(self.aborts):
                self.session.reply(done(port=self.port.name))

    async def _print(self, opening: Reply) -> Delivery:
        await self.job.whenOpened()
        self.underWay = True
        self.session.reply(opening)
        self._pouring = True
        if not self.dataPort.made:
            self._hurry = Deadline(self.session.reactor, PATIENCE, self._othersWait)
        try:
            await self.dataPort.pourInto(self.job)
            self._pouring = False
        except DataConnectionLost as error:
            self.job.cut(error)
        finally:
            if self._hurry is not None:
                self._hurry.cancel()
        if self.session.settings.controlLossGrace and self.job.error is None:
            await self.session.pause(self.session.settings.controlLossGrace)
        self._lookForSender()
        delivery = await self.job.finish()
        self._lookForSender()
        if self.job.error is not None:
            await self.job.whenDecided()
            raise self.job.error
        return delivery

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
