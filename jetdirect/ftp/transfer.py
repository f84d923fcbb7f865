"""
What runs between a 1xx and its final reply: a listing goes out, or (L{jetdirect.ftp.upload}) a job
comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import DataConnectionLost
from ..job import UploadedJob
from . import replies
from .data import DataPort
from .replies import Reply
from .settings import SessionSettings


class TransferSession(Protocol):
    """A session as its transfer knows it."""

    settings: SessionSettings

    @property
    def reactor(self) -> IReactorTime: ...

    def reply(self, reply: Reply) -> None:
        """Send a reply."""

    def peerIsGone(self) -> bool:
        """Is the control connection lost, as far as its socket tells at this moment?"""

    @property
    def unheard(self) -> bool:
        """Has the sender said something that was not looked at yet, and will be soon?"""

    async def pause(self, seconds: float) -> bool:
        """Let time pass; C{False} when the control connection was lost meanwhile."""

    def expectToBeHeard(self, job: UploadedJob) -> None:
        """The reply for C{job} was just written; its record waits for the sender to hear."""

    def hangUp(self) -> None:
        """End the session without a word: none would be true."""


_TransferT = TypeVar("_TransferT", bound="Transfer")


def step(do: Callable[[_TransferT, Any], None]) -> Callable[[_TransferT, Any], None]:
    """
    One step of a transfer: a mistake of ours in it is the transfer's, and not that of the
    connection which has brought it about.
    """

    @wraps(do)
    def done(transfer: _TransferT, what: Any) -> None:
        try:
            do(transfer, what)
        except BaseException:
            transfer.failed(Failure())

    return done


class Transfer:
    """
    One transfer of a session.

    @ivar number: of the job, if it is one.
    @ivar underWay: it has begun, and not only been asked for.
    @ivar aborts: how many ABOR have come meanwhile; each gets a reply of its own.
    """

    number = 0
    underWay = True

    def __init__(self, session: TransferSession, dataPort: DataPort) -> None:
        self.session = session
        self.dataPort = dataPort
        self.aborts = 0
        self._answered = False

    def run(self, over: Callable[[], None]) -> None:
        """
        Do it, and send the replies.

        @param over: called when the last one is sent.
        """
        raise NotImplementedError

    def failed(self, failure: Failure) -> None:
        """There was a mistake of ours in a L{step}: end it, with one final reply in all."""
        raise NotImplementedError

    def _answer(self, reply: Reply) -> None:
        # The final one.
        self._answered = True
        self.session.reply(reply)

    @property
    def lastActive(self) -> float:
        """When the sender last did its part; now, as long as others are to blame."""
        return (
            self.dataPort.reactor.seconds() if self.dataPort.blocked else self.dataPort.lastActive
        )

    @property
    def outlivesSender(self) -> bool:
        """Does it go on when the control connection is lost?"""
        return False

    @property
    def description(self) -> str:
        """For STAT."""
        return "listing"

    def abort(self) -> None:
        """ABOR."""
        self.aborts += 1
        self.dataPort.close("aborted at your request")

    def senderLost(self) -> None:
        """The control connection is lost."""
        self.dataPort.close("the control connection was lost")

    def timedOut(self, seconds: float) -> None:
        """Control and data connection were silent for too long."""
        self.dataPort.close(f"nothing came for {seconds:g} s")

    def stop(self) -> None:
        """The gateway shuts down."""
        self.dataPort.close("the gateway is shutting down")


class Listing(Transfer):
    """LIST, NLST: a few lines to the client."""

    _log = Logger()

    def __init__(self, session: TransferSession, dataPort: DataPort, listing: bytes) -> None:
        super().__init__(session, dataPort)
        self._listing = listing

    @step
    def run(self, over: Callable[[], None]) -> None:
        """L{Transfer}."""
        self._over = over
        self.session.reply(replies.OPENING_LIST)
        self.dataPort.send(self._listing, self._sent)

    def failed(self, failure: Failure) -> None:
        """L{Transfer}."""
        self._log.failure("a listing failed", failure)
        if not self._answered:
            self._answer(replies.LOCAL_ERROR)
        self._over()

    @step
    def _sent(self, error: DataConnectionLost | None) -> None:
        if error is None:
            self._answer(replies.LISTED)
        else:
            self._answer(replies.listingRefusal(error, aborted=self.aborts > 0))
        for _ in range(self.aborts):
            self.session.reply(replies.LIST_ABORTED)
        self._over()
