"""
C{lpd:}: a print server, with jobs whose size is announced (streamed) and without (spooled).
"""

from __future__ import annotations

from laboratory.printers.faults import stream
from laboratory.printers.stands.stand import Kind
from laboratory.printers.stands.tcp import RECEIVE_BUFFER, TCPStand
from laboratory.printers.stands.within import Within
from tests.support.caller import Caller
from tests.support.lpdserver import YES, LPDPrinter, agree
from tests.support.rawprinter import Behaviour, RawPrinter

#: Not now.
NO = b"\1"


def no(caller: Caller) -> None:
    """
    Refuse jobs for the queue (RFC 1179, section 3: any octet but zero).
    """
    caller.read(1)
    caller.say(NO)
    caller.readAll()


class SpooledStand(TCPStand):
    """
    A queue that gets jobs of unknown size.

    @ivar documents: the data files, as far as they came.
    """

    documents: list[Within]
    spools = True

    def listening(self, host: str) -> RawPrinter:
        self.documents = []
        behave = no if self.fault == "busy" else self._takes(stream(self.fault, self.paper))
        return LPDPrinter(behave, host=host, receiveBuffer=RECEIVE_BUFFER)

    def _takes(self, behave: Behaviour) -> Behaviour:
        def takes(caller: Caller) -> None:
            left = agree(caller)
            if left < 0:
                return

            def take(limit: int) -> bytes:
                nonlocal left
                piece = caller.read(min(limit, left)) if left else b""
                left -= len(piece)
                return piece

            document = Within(caller, take)
            self.documents.append(document)
            behave(document)
            if not left and caller.read(1) == YES:
                caller.say(YES)
                caller.readAll()

        return takes

    def address(self, *options: str) -> str:
        uri = self.printer.uri(*options)
        if uri.startswith("lpd:"):
            return uri
        return f"lpd://{self.printer.host}:{self.printer.port}/raw"  # refuses

    def got(self) -> bytes:
        documents = getattr(self, "documents", [])
        return b"".join(bytes(document.data) for document in documents)


class StreamedStand(SpooledStand):
    """A queue that gets jobs of announced size."""

    announced = True
    spools = False


STREAMED = Kind("lpd, streamed", StreamedStand)
SPOOLED = Kind("lpd, spooled", SpooledStand)
