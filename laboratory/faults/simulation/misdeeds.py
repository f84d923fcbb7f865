"""
What a sender does wrong, and when.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ..invariants import Ending, Upload
from .faults import FINISHING, FLOWING, Fault
from .kernel import End
from .secure import Connection, SecureEnd

if TYPE_CHECKING:
    from .talker import Talker

_SYNCH = b"\xff\xf4\xff\xf2"


class Misdeeds:
    """
    The faults that a sender is going to commit during an upload.

    @ivar silent: no more data, and no end.
    """

    def __init__(self, sender: Talker) -> None:
        self._sender = sender
        self._planned: list[Fault] = []
        self.silent = False

    def forget(self) -> None:
        """A new upload, a new chance."""
        self._planned = []
        self.silent = False

    def plan(self, fault: Fault) -> None:
        """Commit it in its phase."""
        self._planned.append(fault)
        inMidst = fault.phase == FLOWING or (fault.kind, fault.phase) == ("data RST", FINISHING)
        if not inMidst:
            self._sender.simulation.start(self._lurk(fault))

    def flowing(self, upload: Upload, fraction: float) -> None:
        """So much of the upload was sent: is there something to be done now?"""
        for fault in list(self._planned):
            atEnd = fault.kind == "data RST" and fault.phase == FINISHING
            wanted = 1.0 if atEnd else fault.fraction
            if (atEnd or fault.phase == FLOWING) and fraction >= wanted:
                self._commit(fault, FINISHING if atEnd else None)

    async def _lurk(self, fault: Fault) -> None:
        sender = self._sender
        onData = "data" in fault.kind
        while fault in self._planned and (
            sender.phase != fault.phase or (onData and sender.data is None)
        ):
            await sender.changed.wait()
        if fault.delay:
            await sender.simulation.network.sleep(fault.delay)
        if fault in self._planned and sender.alive:
            self._commit(fault)

    def _commit(self, fault: Fault, phase: str | None = None) -> None:
        self._planned.remove(fault)
        sender = self._sender
        name = "_" + fault.kind.replace(" ", "_")
        phase = phase or sender.phase
        if sender.alive and getattr(self, name)(sender.upload) is not False:
            sender.simulation.hit(fault.kind, phase)
            sender.changed.fire()

    def hangUp(self, upload: Upload | None, data: Connection) -> None:
        """Close the data connection; to the gateway that looks like the end of the file."""
        if upload is not None and upload.ending is Ending.OPEN:
            failed = data.failed is not None
            upload.ending = Ending.CLOSED if failed else self._sender.endOf(data, False)
        data.close()

    # One method for each kind; C{False} when it could not be done.

    def _control_FIN(self, upload: Upload | None) -> None:
        sender = self._sender
        sender.alive = False
        if sender.random.random() < 0.5:
            sender.control.close()
        else:
            with suppress(OSError):  # it may be broken, and nobody has looked yet
                sender.control.shutdown(1)

    def _control_RST(self, upload: Upload | None) -> None:
        self._sender.alive = False
        self._sender.control.reset()

    def _sender_killed(self, upload: Upload | None) -> None:
        sender = self._sender
        sender.alive = False
        data, control = sender.data, sender.control
        ends = [end for end in (data, control) if end is not None and end.closed is None]
        sender.random.shuffle(ends)
        for end in ends:
            if end is data:
                self.hangUp(upload, end)
            else:
                end.close()
        sender.host.listeners.clear()

    def _sender_dies_in_2_ms(self, upload: Upload | None) -> None:
        # Its kernel closes what it held, in any order, and not in the same moment (measured).
        sender = self._sender
        sender.alive = False
        sender.host.listeners.clear()
        data, control = sender.data, sender.control
        first, second = sender.random.sample([data, control], 2)

        def close(end: Connection | None) -> None:
            if end is None or end.closed is not None:
                return
            if end is data:
                self.hangUp(upload, end)
            else:
                end.close()

        self.silent = True
        close(first)
        sender.simulation.network.after(sender.random.random() * 0.002, close, second)

    def _another_STOR(self, upload: Upload | None) -> None:
        self._sender.another.append(self._sender.say("STOR", "STOR another"))

    def _sender_unplugged(self, upload: Upload | None) -> bool:
        sender = self._sender
        if not sender.simulation.idles:
            return False
        sender.alive = False
        sender.host.pull()
        return True

    def _sender_unplugged_a_while(self, upload: Upload | None) -> None:
        sender = self._sender
        sender.host.pull()
        sender.simulation.network.after(sender.random.random() * 10, sender.host.plug)

    def _replies_not_read(self, upload: Upload | None) -> None:
        sender = self._sender
        sender.deaf = True
        for _ in range(sender.random.choice([3, 30])):
            sender.say("NOOP", "NOOP")

        def hear() -> None:
            sender.deaf = False
            sender.control.changes.fire()

        sender.simulation.network.after(sender.random.choice([0.5, 30.0]), hear)

    def _ABOR(self, upload: Upload | None) -> None:
        self._abort(upload, b"ABOR\r\n")

    def _ABOR_with_Synch(self, upload: Upload | None) -> None:
        self._abort(upload, self._sender.random.choice([_SYNCH, b"\xf2"]) + b"ABOR\r\n")

    def _ABOR_in_pieces(self, upload: Upload | None) -> None:
        self._sender.control.segment = 1
        self._abort(upload, b"\xff\xf4\xff\xf2aBoR\r\n")

    def _ABOR_twice(self, upload: Upload | None) -> None:
        self._abort(upload, b"ABOR\r\n")
        self._abort(upload, b"ABOR\r\n")

    def _abort(self, upload: Upload | None, raw: bytes) -> None:
        sender = self._sender
        sender.simulation.aborted(sender.dialogue.say("ABOR"), upload, sender.command)
        sender.raw(raw)
        sender.simulation.network.tell(f"{sender.name} says {raw!r}")
        data = sender.data
        if data is not None and data.closed is None and sender.random.random() < 0.4:
            self.hangUp(upload, data)
        elif sender.simulation.idles and sender.random.random() < 0.5:
            self.silent = True

    def _QUIT(self, upload: Upload | None) -> None:
        self._sender.say("QUIT", "QUIT")

    def _too_many_commands(self, upload: Upload | None) -> None:
        for _ in range(40):
            self._sender.say("TYPE", "TYPE A")

    def _STAT_and_NOOP(self, upload: Upload | None) -> None:
        sender = self._sender
        for line in ("STAT", "NOOP", "STAT port1"):
            sender.say(line[:4], line)

    def _hostile_lines(self, upload: Upload | None) -> None:
        sender = self._sender
        sender.dialogue.say("")
        sender.raw(b"X" * 5000 + b"\r\n")
        sender.say("XYZZY", "XYZZY \x1b[31m")
        sender.say("XYZZY", "ABORT")

    def _data_RST(self, upload: Upload | None) -> bool:
        data = self._sender.data
        if data is None or data.closed is not None or self._sender.whole:
            return False
        if upload is not None:
            upload.ending = Ending.RESET
        self.silent = True
        data.reset()
        return True

    def _data_FIN_early(self, upload: Upload | None) -> bool:
        sender = self._sender
        if upload is None or upload.ending is not Ending.OPEN:
            return False
        sender.finish(upload)
        return True

    def _data_silent(self, upload: Upload | None) -> bool:
        sender = self._sender
        if not sender.simulation.hears or sender.whole or sender.data is None:
            return False
        self.silent = True
        return True

    def _urgent_data(self, upload: Upload | None) -> bool:
        # One byte of the file, as some stacks mark what they "push".
        data = self._sender.data
        if upload is None or not isinstance(data, End) or upload.ending is not Ending.OPEN:
            return False
        if data.failed is not None:
            return False
        sent = data.urgent(upload.payload[upload.sent : upload.sent + 1])
        upload.sent += sent
        return bool(sent)

    def _RST_after_FIN(self, upload: Upload | None) -> bool:
        # Small stacks do that to be rid of a connection; all bytes are there, and their end.
        data = self._sender.data
        end = data.end if isinstance(data, SecureEnd) else data
        whole = upload is not None and upload.ending is Ending.FIN
        return whole and end is not None and end.resetLate()

    def _QUIT_and_FIN(self, upload: Upload | None) -> bool:
        # As scripts through nc do: all has been said, the replies are still heard.
        sender = self._sender
        control = sender.control
        if not isinstance(control, End) or control.failed is not None or control.finSent:
            return False
        sender.say("QUIT", "QUIT")
        control.shutdown(1)
        return True

    def _ABOR_flood(self, upload: Upload | None) -> None:
        sender = self._sender
        many = sender.random.choice([40, 300, 2000])
        sender.control.segment = sender.control.peer.segment = 1460
        for _ in range(many):
            sender.simulation.aborted(sender.dialogue.say("ABOR"), upload, sender.command)
        sender.raw(b"ABOR\r\n" * many)
        sender.simulation.network.tell(f"{sender.name} says ABOR {many} times")

    def _second_data_connection(self, upload: Upload | None) -> bool:
        return self._sender.simulation.strangers.secondConnection(self._sender)
