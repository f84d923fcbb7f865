"""
What runs between a 1xx and its final reply: a listing goes out, or (L{jetdirect.ftp.upload}) a job
comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import DataConnectionLost
from . import replies
from .data import DataPort
from .replies import Reply

if TYPE_CHECKING:
    from .command import Result
    from .session import Session


class Transfer:
    """
    One transfer of a session.

    @ivar number: of the job, if it is one.
    @ivar underWay: it has begun, and not only been asked for.
    @ivar outlivesSender: it goes on when the control connection is lost.
    @ivar aborts: how many ABOR have come meanwhile; each gets a reply of its own.
    """

    number = 0
    underWay = True
    outlivesSender = False

    def __init__(self, control: Session, dataPort: DataPort) -> None:
        self.control = control
        self.dataPort = dataPort
        self.aborts = 0

    @property
    def lastActive(self) -> float:
        """When the sender last did its part; now, as long as others are to blame."""
        return (
            self.dataPort.reactor.seconds() if self.dataPort.blocked else self.dataPort.lastActive
        )

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


def sendListing(control: Session, render: Callable[[], bytes]) -> Result:
    """
    What a command answers with that lists something: the transfer, or why there is none.

    @param render: makes the listing, which takes time; not called if there is nowhere to send it.
    """
    dataPort = control.takeDataPort()
    if isinstance(dataPort, Reply):
        return dataPort
    transfer = Listing(control, dataPort)
    return control.runTransfer(transfer, transfer.run(render()))


class Listing(Transfer):
    """LIST, NLST: a few lines to the client."""

    async def run(self, listing: bytes) -> None:
        """Send C{listing}, and the replies."""
        self.control.reply(replies.OPENING_LIST)
        try:
            await self.dataPort.send(listing)
        except DataConnectionLost as error:
            self.control.reply(replies.listingRefusal(error, aborted=self.aborts > 0))
        else:
            self.control.reply(replies.LISTED)
        for _ in range(self.aborts):
            self.control.reply(replies.LIST_ABORTED)
