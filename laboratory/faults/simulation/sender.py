"""
A sender: an FTP client with all the habits that clients have, and worse.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from ..invariants import Ending, Upload
from .dialogue import Dialogue
from .faults import (
    ANSWERED,
    CONNECTED,
    FINISHING,
    FLOWING,
    LOGGED_IN,
    MORE_SENDER,
    SENDER,
    TLS_SETUP,
    WAITING,
    Fault,
    draw,
)
from .payload import LANGUAGES, payload, tail
from .secure import Connection, SecureEnd
from .talker import PATIENCE
from .uploader import Uploader

FTP, FTPS = 21, 990
_EVERYTHING = {**SENDER, **MORE_SENDER}
_SIZES: Sequence[int] = (0, 1, 2, 3, 17, 300, 1460, 5000, 20000, 70000, 200000, 400000)
LARGE = 7
"""From this size on a job may be worth a pipe."""

_SETUPS = (
    "data never made",
    "data late",
    "thief first",
    "active refused",
    "active unanswered",
    "wrong ALLO",
    "no data port",
    "no passive port",
)


# How clients say the printing port, wherever they are.
_SPELLINGS = [
    "port{}/",
    "/PORT{}/",
    "./Port{}/",
    "../port{}/",
    "//PORT{}//",
    "x/../port{}/",
    "port{}\\",
]


class Sender(Uploader):
    """One after the other: sessions, uploads, goodbyes."""

    async def run(self, sessions: int) -> None:
        """Some sessions, one after the other."""
        await self.simulation.network.sleep(
            self.random.choice([0.0, 0.1, 5.0]) * self.random.random()
        )
        for _ in range(sessions):
            if self.host.plugged and not self.simulation.incidents.stopped:
                await self._session()
                await self.simulation.network.sleep(self.random.choice([0.0, 0.3, 20.0]))

    async def _session(self) -> None:
        label = f"{self.name}'s control"
        tls = (
            self.random.choice(["", "explicit", "implicit"]) if self.simulation.switches.tls else ""
        )
        port = FTPS if tls == "implicit" else FTP
        end = await self.simulation.reactor.dialIn(self.host, port, label)
        if end is None:
            return
        end.segment = self.random.choice([1, 7, 20, 100, 1460])
        end.sendBuffer = 1_000_000
        end.peer.segment = self.random.choice([7, 50, 1460, 1460])
        self.protected = False
        control: Connection = SecureEnd(end) if tls else end
        self.control, self.dialogue = control, Dialogue(label)
        self.dialogues.append(self.dialogue)
        self.alive, self.deaf = True, False
        self.port = 0  # that of a session before is not this one's
        self._phase, self.command, self.upload = CONNECTED, None, None
        if isinstance(control, SecureEnd) and tls == "implicit":
            control.hold()
            self._shake(control)
        self.simulation.start(self.listen(control, self.dialogue))
        await self._speak(tls)
        if self.alive:
            await self.until(lambda: False, self.random.choice([0.0, 0.0, 1.0, 30.0]))
            self.alive = False
            control.reset() if self.random.random() < 0.1 else control.close()
        self.changed.fire()

    async def _encrypt(self, tls: str) -> bool:
        # Commands wait from AUTH on; what came in clear behind it would be thrown away.
        control = self.control
        assert isinstance(control, SecureEnd)
        if tls == "explicit":
            command = self.say("AUTH", "AUTH TLS")
            control.hold()
            await self.answered(command)
            if not self.alive or not any(reply.code == 234 for reply in command.replies):
                return False
            self._shake(control)
        self.say("PBSZ", "PBSZ 0")
        answer = await self.answered(self.say("PROT", "PROT P"))
        self.protected = answer is not None and answer.code == 200
        return self.protected

    def _shake(self, control: SecureEnd) -> None:
        try:
            control.startTLS()
        except OSError:  # listening will tell
            self.simulation.network.tell(f"{self.name} cannot begin TLS")

    async def _speak(self, tls: str) -> None:
        self._plan([CONNECTED])
        if not await self.until(lambda: self.dialogue.greeting is not None):
            return
        if self.dialogue.farewell is not None:
            return
        if tls and not await self._encrypt(tls):
            return
        self.say("USER", f"USER {self.name}")
        await self.answered(self.say("PASS", "PASS x"))
        if self.random.random() < 0.2:
            await self.answered(self.say("TYPE", f"CWD /port{self.simulation.printerNumber()}"))
        for _ in range(self.random.choice([1, 1, 2, 3])):
            self._phase, self.command = LOGGED_IN, None
            if not self.alive:
                return
            if self.saidAll:
                break
            await self._upload()
        if self.alive and not self.saidAll and self.random.random() < 0.7:
            self.say("QUIT", "QUIT")
        elif not self.saidAll:
            return
        await self.until(lambda: self.dialogue.farewell is not None)

    async def _upload(self) -> None:
        upload = self.upload = self._prepare()
        setup = ""
        if self.random.random() < self.simulation.senderTrouble / 2:
            setup = self.random.choice(_SETUPS)
        if not self.simulation.plain and not setup and self.random.random() < self._moreTrouble:
            setup = self._more()
        self._plan([LOGGED_IN, WAITING, FLOWING, FINISHING, ANSWERED])
        self.data, self.whole, self.notifies = None, False, True
        random = self.random
        hello = setup == "hello in clear"
        if hello:
            await self._inClear(upload)
        if random.random() < 0.6:
            self.say("TYPE", "TYPE I")
            size = len(upload.payload)
            if setup == "wrong ALLO":
                size += random.choice([-1, 1, 1000]) if size > 1 else 1
                self.simulation.hit(setup, LOGGED_IN)
            if setup == "wrong ALLO" or random.random() < 0.4:
                self.say("ALLO", f"ALLO {size}")
                upload.announced = size or None
        else:
            self.say("TYPE", "TYPE A")
        pipelined = random.random() < 0.2
        pumping = await self.makeDataPort(upload, setup)
        await self.simulation.network.sleep(random.choice([0.0, 0.0, 0.0, 0.01, 1.0]))
        if not self.alive:
            return
        verb = random.choice(["STOR", "STOR", "STOR", "APPE"])
        target = ""
        if random.random() < 0.6:
            number = self.simulation.printerNumber()
            upload.printer = f"printer{number}"
            # Not by chance, which would be another one in all that comes later.
            spelling = _SPELLINGS[zlib.crc32(upload.name.encode()) % len(_SPELLINGS)]
            target = spelling.format(number)
        self.uploads.append(upload)
        self.command = self.say(verb, f"{verb} {target}{upload.name}", len(self.uploads) - 1)
        self.simulation.records.control[upload.name] = self.control.peer
        self.changed.fire()
        if pipelined:
            for _ in range(random.choice([1, 3])):
                self.say("TYPE", "TYPE A")
        command = self.command
        self.simulation.start(self.pump(upload, command, pumping, setup))
        await self.until(lambda: command.answered, PATIENCE)
        upload.replies = command.replies
        there = self.control.peer  # the gateway may have closed, and its FIN or RST been lost
        gone = there.closed is not None or there.failed is not None
        upload.disconnected = gone or not self.alive
        await self.simulation.network.sleep(random.choice([0.0, 0.0, 0.05, 2.0]))
        if self.data is not None and self.data.closed is None and self.host.plugged:
            self.misdeeds.hangUp(upload, self.data)
        self.host.listeners.clear()
        if hello and self.alive:
            await self.answered(self.say("PROT", "PROT P"))
            self.protected = True

    async def _inClear(self, upload: Upload) -> None:
        # PROT P was forgotten, and its data connection begins with a handshake all the same.
        self.simulation.hit("hello in clear", LOGGED_IN)
        await self.answered(self.say("PROT", "PROT C"))
        self.protected = False
        body = self.random.randbytes(508)
        upload.payload = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + body
        upload.unprintable = True

    def _prepare(self) -> Upload:
        self._count += 1
        name = f"{self.name}-{self._count}"
        size: int = self.random.choice(_SIZES[self.simulation.sizes])
        language = self.random.choice(LANGUAGES)
        content = payload(self.random, size, language, name)
        return Upload(
            name,
            content,
            ending=Ending.NONE,
            tail=lambda cut: tail(language, cut),
            limit=self.simulation.switches.maxJobBytes,
        )

    # Faults.

    @property
    def _urgency(self) -> float:
        return self.simulation.senderTrouble / 4

    @property
    def _moreTrouble(self) -> float:
        # Devices that fire and forget are no fault where they are expected.
        expected = 0.5 if self.simulation.switches.fireAndForget else 0.0
        return max(self.simulation.senderTrouble / (2 if self.protected else 3), expected)

    def _more(self) -> str:
        kinds = ["fire and forget"]
        if self.simulation.senderTrouble:
            kinds += ["data from elsewhere", "reactor late for the data"]
        if self.protected and self.simulation.senderTrouble:
            kinds += [each for each in TLS_SETUP if each != "no handshake" or self.simulation.hears]
        return self.random.choice(kinds)

    def _plan(self, phases: list[str]) -> None:
        self.misdeeds.forget()
        if FLOWING in phases and self.simulation.bulk and self.random.random() < self._urgency:
            # Most of them near the end, so that the end is there before they are read.
            self.misdeeds.plan(Fault("urgent data", FLOWING, self.random.random() ** 0.3, 0.0))
        if self.random.random() >= self.simulation.senderTrouble:
            return
        kinds = SENDER if self.simulation.plain else _EVERYTHING
        for _ in range(self.random.choice([1, 1, 1, 2])):
            fault = draw(self.random, kinds)
            if fault.phase in phases:
                self.misdeeds.plan(fault)
