"""
The control connection, from the sender's side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..invariants import Ending, Heard, Upload
from .dialogue import Command, Dialogue
from .faults import ANSWERED, CONNECTED, FINISHING, FLOWING, WAITING
from .kernel import End
from .misdeeds import Misdeeds
from .network import Changes, Host
from .secure import Connection, SecureEnd

if TYPE_CHECKING:
    from .simulation import Simulation

PATIENCE = 9000.0
"""Seconds after which a sender gives up waiting for a reply."""


class Talker:
    """
    @ivar uploads: all it tried, in order.
    @ivar dialogues: one for each session.
    @ivar changed: something happened that a script may wait for.
    @ivar data: the data connection of the running upload.
    @ivar alive: the process, its host and its control connection are there.
    @ivar deaf: replies are not read.
    @ivar whole: the running upload's data connection was ended in order.
    @ivar command: the command of the running upload, if it was sent.
    @ivar another: further ones, for which there was no data connection.
    @ivar upload: the running upload, from its preparation on.
    @ivar port: the gateway's last passive port.
    @ivar misdeeds: what it is going to do wrong.
    @ivar protected: data connections are encrypted.
    @ivar notifies: they are ended by close_notify.
    """

    dialogue: Dialogue
    control: Connection

    def __init__(self, simulation: Simulation, number: int) -> None:
        self.name = f"sender{number}"
        self.simulation = simulation
        self.random = simulation.random
        family = "2001:db8::{}" if self.random.random() < 0.2 else "192.0.2.{}"
        self.host: Host = simulation.network.host(self.name, family.format(10 + number))
        self.uploads: list[Upload] = []
        self.dialogues: list[Dialogue] = []
        self.changed = Changes(simulation.network)
        self.data: Connection | None = None
        self.protected = False
        self.notifies = True
        self.alive = False
        self.deaf = False
        self.whole = False
        self.command: Command | None = None
        self.another: list[Command] = []
        self.upload: Upload | None = None
        self.port = 0
        self._phase = CONNECTED
        self.misdeeds = Misdeeds(self)
        self._count = 0

    @property
    def phase(self) -> str:
        """Where the last upload is."""
        if self.command is None:
            return self._phase
        if self.command.answered:
            return ANSWERED
        if not self.command.replies:
            return WAITING
        return FINISHING if self.whole else FLOWING

    @property
    def saidAll(self) -> bool:
        """Its direction of the control connection is ended: nothing can be said any more."""
        return isinstance(self.control, End) and self.control.finSent is not None

    def finish(self, upload: Upload) -> None:
        """End the data connection as a complete file ends."""
        assert self.data is not None
        if self.data.failed is not None:
            upload.ending = Ending.CLOSED
            return
        upload.ending = self.endOf(self.data, self.notifies)
        self.whole = True
        if self.random.random() < 0.5:
            self.data.close()
        else:
            self.data.shutdown(1)
        self.changed.fire()

    def endOf(self, data: Connection, notifies: bool) -> Ending:
        """What a FIN that is sent now makes of a data connection."""
        if not isinstance(data, SecureEnd):
            return Ending.FIN
        if notifies and data.ready and data.notify():
            return Ending.FIN
        lenient = self.simulation.switches.lenient and data.wholeRecords
        if not data.ready and not (lenient and data.flights > 1):
            return Ending.UNENCRYPTED
        return Ending.FIN if lenient else Ending.BARE

    def leave(self) -> None:
        """Be gone at once."""
        self.alive = False
        how = self.random.choice(["FIN", "RST", "unplugged"])
        if how == "FIN":
            self.control.close()
        elif how == "RST":
            self.control.reset()
        else:
            self.host.pull()
        self.changed.fire()

    # The control connection.

    def say(self, verb: str, line: str, upload: int | None = None) -> Command:
        """Send a command."""
        command = self.dialogue.say(verb, upload)
        if isinstance(self.control, End):
            self.control.talkedOn = self.control.goodbye
            self.control.goodbye |= verb == "QUIT"
        self.raw(line.encode() + self.random.choice([b"\r\n", b"\r\n", b"\n"]))
        self.simulation.network.tell(f"{self.name} says {line[:60]}")
        return command

    def raw(self, data: bytes) -> None:
        """Send bytes, if they can be sent."""
        try:
            self.control.send(data)
        except OSError:
            self.simulation.network.tell(f"{self.name} could not say it")

    async def listen(self, control: Connection, dialogue: Dialogue) -> None:
        """Hear what the gateway says, to its end."""
        while control.closed is None:
            if self.deaf:
                await control.changes.wait()
                continue
            try:
                data = control.recv(4096)
            except BlockingIOError:
                await control.changes.wait()
                continue
            except OSError:
                break
            if not data:
                silently = dialogue.greeting is not None and dialogue.farewell is None
                if silently and control.finSent is None and not self.simulation.plain:
                    dialogue.oddities.append(f"{self.name}: the session ended without a word")
                break
            for reply in dialogue.hear(data):
                self.simulation.network.tell(f"{self.name} hears {reply.lastLine}")
            self.changed.fire()
        if control is self.control:
            self.alive = False
        control.close()
        self.changed.fire()

    async def answered(self, command: Command) -> Heard | None:
        """Wait for the final reply to a command."""
        await self.until(lambda: command.answered)
        return command.replies[-1] if command.replies else None

    async def until(self, condition: object, timeout: float = PATIENCE) -> bool:
        """Wait until the condition holds; C{False} if time or the session is over first."""
        assert callable(condition)
        deadline = self.simulation.network.now + timeout
        while not condition():
            left = deadline - self.simulation.network.now
            if left <= 1e-9 or not self.alive:
                return False
            await self.changed.wait(left)
        return True
