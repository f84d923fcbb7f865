"""
What keeps a job waiting: another one that has the printer, or a printer that refuses.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.peer import PATIENCE

from .scripts import finishesAt

if TYPE_CHECKING:
    from .sender import Sender


class Hold:
    """
    From the moment that it is made until it is released.

    @ivar other: the sender whose job has the printer, if there is one.
    """

    def __init__(self, sender: Sender, byTurn: bool) -> None:
        """
        @param byTurn: by another job; else by a printer that refuses.
        """
        self.other: Sender | None = None
        self._printer = sender.printer
        self._gate = threading.Event()
        self._thread: threading.Thread | None = None
        if byTurn:
            self._occupy(sender)
        else:
            self._printer.refuse()

    def _occupy(self, sender: Sender) -> None:
        case = sender.case
        other = replace(case.good(case.gateway, 5000), active=False, tls=False)
        name = f"{sender.name}-first"
        self.other = type(sender)(other, name, sender.gateway, sender.port, sender.printer)
        printer = self._printer
        script, printer.behave = printer.behave, finishesAt(self._gate)
        came = len(printer.conversations)
        self._thread = threading.Thread(target=self.other.run, daemon=True)
        self._thread.start()
        printer.waitUntil(lambda: any(each.received for each in printer.conversations[came:]))
        printer.behave = script

    def cut(self) -> None:
        """The other sender loses its control connection; its printer has not ended the job."""
        assert self.other is not None
        self.other.session.wire.socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Let the job have its printer."""
        if self.other is None:
            script = self._printer.behave
            self._printer.heal()
            self._printer.behave = script
        self._gate.set()

    def join(self) -> None:
        """Wait for the other sender."""
        if self._thread is not None and self.other is not None:
            self._thread.join(2 * PATIENCE)
            self.other.leave()
