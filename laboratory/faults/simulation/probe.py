"""
Does the next job print, when all is well again?
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dialogue import Dialogue
from .sender import FTP, Sender
from .uploader import announcedPort

if TYPE_CHECKING:
    from .simulation import Simulation


class Probe(Sender):
    """
    One more sender, after everything: does a job print?

    @ivar said: the 226.
    @ivar heard: the last reply.
    """

    def __init__(self, simulation: Simulation, number: int) -> None:
        """
        @param number: of the printing port; more, if it is not the first attempt.
        """
        super().__init__(simulation, 50 + number)
        self.host.latency = 0.001
        self.name = f"probe{number}"
        self.said: str | None = None
        self.heard: str | None = None
        self.over = False
        self._target = (number - 1) % len(simulation.printers) + 1

    async def run(self, sessions: int = 1) -> None:
        """Log in, print, say goodbye."""
        await self.print()
        self.over = True

    async def print(self) -> None:
        """One upload, straightforward."""
        control = await self.simulation.reactor.dialIn(self.host, FTP, f"{self.name}'s control")
        if control is None:
            self.heard = "no connection"
            return
        self.control, self.dialogue = control, Dialogue(self.name)
        self.alive = True
        self.simulation.start(self.listen(control, self.dialogue))
        self.say("USER", "USER probe")
        self.say("PASS", "PASS x")
        answer = await self.answered(self.say("EPSV", "EPSV"))
        port = announcedPort(answer)
        self.upload = upload = self._prepare()
        end = await self.simulation.reactor.dialIn(self.host, port or 1, "probe's data")
        name = f"port{self._target}/{upload.name}"
        if end is not None:
            command = self.say("STOR", f"STOR {name}", 0)
            end.send(b"a page")
            end.close()
            reply = await self.answered(command)
            self.heard = reply.text if reply else "nothing"
            if reply is not None and reply.complete and reply.complete["bytes"] == "6":
                self.said = reply.text
        else:
            self.heard = f"no data connection after {answer}"
        self.say("QUIT", "QUIT")
        await self.until(lambda: self.dialogue.farewell is not None)
        self.alive = False
        control.close()
