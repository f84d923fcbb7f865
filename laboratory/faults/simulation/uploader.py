"""
Data connections, from the sender's side.
"""

from __future__ import annotations

import re
from contextlib import suppress

from ..invariants import Ending, Heard, Upload
from .dialogue import Command
from .faults import FINISHING, LOGGED_IN, TLS_SETUP, WAITING
from .kernel import End
from .secure import Connection, SecureEnd
from .talker import Talker

_NOTIFICATION = 100
"""Bytes that close_notify needs at most; whoever means to end in order waits for so much room."""


class Uploader(Talker):
    """A sender that knows how to send a file."""

    async def makeDataPort(self, upload: Upload, setup: str) -> float | None:
        """Prepare one; seconds until it is made after STOR, or L{None} if it never will be."""
        random, simulation = self.random, self.simulation
        if setup == "no data port":
            simulation.hit(setup, LOGGED_IN)
            return None
        if setup.startswith("active") or (
            setup in ("", "wrong ALLO", "fire and forget", *TLS_SETUP) and random.random() < 0.25
        ):
            return await self._active(upload, setup)
        if setup == "no passive port":
            simulation.hit(setup, LOGGED_IN)
            simulation.reactor.freePorts = 1
        v6 = ":" in self.host.address
        verb = "EPSV" if v6 or random.random() < 0.7 else "PASV"
        answer = await self.answered(self.say(verb, verb))
        simulation.reactor.freePorts = 1000
        port = announcedPort(answer)
        if port is None:
            return None
        self.port = port
        early = random.random() < 0.6
        if setup == "thief first":
            simulation.hit(setup, LOGGED_IN)
            await simulation.strangers.steal(port)
        if setup == "data never made":
            simulation.hit(setup, LOGGED_IN)
            return None
        if setup == "data from elsewhere":
            simulation.hit(setup, LOGGED_IN)
            await simulation.strangers.fromElsewhere(port, upload)
            return None
        if setup in ("data late", "reactor late for the data"):
            early = False
        if setup == "data late":
            simulation.hit(setup, LOGGED_IN)
        if early:
            await self._connect(upload, port, setup)
            return 0.0
        late = random.choice([1.0, 10.0, 29.0]) if setup == "data late" else random.random() / 10
        return late

    async def _active(self, upload: Upload, setup: str) -> float | None:
        port = self.random.randrange(1024, 65536)
        verb = "EPRT" if ":" in self.host.address or self.random.random() < 0.5 else "PORT"
        if verb == "EPRT":
            family = 2 if ":" in self.host.address else 1
            argument = f"|{family}|{self.host.address}|{port}|"
        else:
            argument = f"{self.host.address.replace('.', ',')},{port // 256},{port % 256}"

        def accept(end: End) -> bool:
            self._made(upload, end, setup)
            return True

        if setup.startswith("active"):
            self.simulation.hit(setup, WAITING)
        if setup == "active unanswered":
            self.host.listeners[port] = lambda end: None
        elif setup != "active refused":
            self.host.listeners[port] = accept
        await self.answered(self.say(verb, f"{verb} {argument}"))
        return 0.0

    async def _connect(self, upload: Upload, port: int, setup: str) -> None:
        end = await self.simulation.reactor.dialIn(self.host, port, f"{upload.name}'s data")
        if end is not None:
            self._made(upload, end, setup)

    def _made(self, upload: Upload, end: End, setup: str) -> None:
        end.label = f"{upload.name}'s data"
        size = len(upload.payload)
        end.segment = self.random.choice([1460, 16384, 65536])
        if self.simulation.bulk and self.random.random() < 0.5:
            end.segment = 1460
            end.sendBuffer = end.peer.receiveBuffer = 262144
        if not self.simulation.plain and size <= 5000 and self.random.random() < 0.2:
            end.segment = self.random.randrange(1, 20)  # to tear apart what belongs together
        self.data = SecureEnd(end) if self.protected else end
        self.simulation.records.data[upload.name] = end.peer
        upload.ending = Ending.OPEN
        if self.protected and setup not in ("clear text", "no handshake"):
            self.simulation.start(self._shakeHands(self.data))
        self.changed.fire()

    async def _shakeHands(self, end: Connection) -> None:
        # Most programs do it when the 150 is there, some at once.
        assert isinstance(end, SecureEnd)
        if self.random.random() < 0.5:
            await self.until(lambda: self.command is not None and bool(self.command.replies))
        with suppress(OSError):  # whoever sends will notice
            if end is self.data and end.closed is None:
                end.startTLS()
        self.changed.fire()

    async def _flushed(self, upload: Upload, end: SecureEnd) -> None:
        # Everything is with the kernel, or there is no use in waiting for it.
        while upload.ending is Ending.OPEN and end is self.data:
            try:
                if end.turn() and end.room > _NOTIFICATION:
                    return
            except OSError:
                upload.ending = Ending.CLOSED
            else:
                await end.changes.wait()

    async def pump(
        self, upload: Upload, command: Command, pumping: float | None, setup: str = ""
    ) -> None:
        """Send the file; C{pumping} is what L{makeDataPort} said."""
        if pumping is None:
            return
        if pumping and setup == "reactor late for the data":
            # It has read the STOR, and sees nothing of the connection before its time is over.
            await self.simulation.network.sleep(
                self.host.latency * 3 + 2 * self.simulation.lag + 0.01
            )
            self.simulation.hit(setup, self.phase)
            self.simulation.incidents.stallForData()
        if pumping:
            await self.simulation.network.sleep(pumping)
        if command is not self.command:
            return  # the session is another one by now
        if pumping and self.data is None and self.alive and not command.answered:
            await self._connect(upload, self.port, setup)
        await self.until(lambda: self.data is not None or command.answered)
        if self.random.random() < 0.8:
            await self.until(lambda: bool(command.replies))
        end = self.data
        if end is None:
            return
        if isinstance(end, SecureEnd):
            if setup == "no handshake":
                self.simulation.hit(setup, self.phase)
                return
            if setup == "clear text":
                self.simulation.hit(setup, self.phase)
            else:
                await self.until(lambda: end.secure or end is not self.data)
                await self._flushed(upload, end)
        size = len(upload.payload)
        chunk = max(1, size // self.random.choice([1, 2, 5, 12]))
        pause = self.random.choice([0.0, 0.0, 0.001, 0.05])
        if self.simulation.patient and self.random.random() < 0.05:
            pause = 45.0
        shortest = self.simulation.shortestSilence
        if not self.simulation.plain and shortest and self.random.random() < 0.1:
            pause = 0.7 * shortest  # a little now and then is no silence
        while upload.ending is Ending.OPEN and upload.sent < size and end is self.data:
            self.misdeeds.flowing(upload, upload.sent / size)
            if upload.ending is not Ending.OPEN or self.misdeeds.silent:
                return
            try:
                upload.sent += end.send(upload.payload[upload.sent : upload.sent + chunk])
            except BlockingIOError:
                await end.changes.wait()
            except OSError:
                upload.ending = Ending.CLOSED
            else:
                await self.simulation.network.sleep(pause)
        if isinstance(end, SecureEnd) and end.secure:
            await self._flushed(upload, end)
        if end is not self.data or upload.ending is not Ending.OPEN:
            return
        self.misdeeds.flowing(upload, 1.0)
        if upload.ending is Ending.OPEN and not self.misdeeds.silent:
            await self._end(upload, end, setup)

    async def _end(self, upload: Upload, end: Connection, setup: str) -> None:
        if setup == "fire and forget" and self.alive:
            await self._forget(upload)
            return
        if isinstance(end, SecureEnd) and setup in ("no close_notify", "a record is cut"):
            self.simulation.hit(setup, FINISHING)
            self.notifies = False
            if setup == "a record is cut" and end.ready:
                with suppress(OSError):
                    end.cutRecord()
                upload.ending = Ending.BARE
                self.whole = True
                end.close()
                return
        self.finish(upload)

    async def _forget(self, upload: Upload) -> None:
        # As some devices do: the control connection goes with the last byte, or just before it.
        command = self.command
        heard = command is not None and bool(command.replies) and not command.answered
        controlFirst = self.random.random() < 0.5
        self._hangUpControl() if controlFirst else self.finish(upload)
        await self.simulation.network.sleep(self.random.choice([0.0, self.random.random() * 0.002]))
        if not controlFirst:
            self._hangUpControl()
        elif upload.ending is Ending.OPEN:
            self.finish(upload)
        upload.unheard = heard and upload.ending is Ending.FIN

    def _hangUpControl(self) -> None:
        if self.alive:
            self.simulation.hit("fire and forget", FINISHING)
            self.alive = False
            self.control.close()


def announcedPort(answer: Heard | None) -> int | None:
    """The port in the answer to EPSV or PASV."""
    if answer is None:
        return None
    found = re.search(r"\(\|\|\|(\d+)\|\)", answer.text)
    if found:
        return int(found[1])
    found = re.search(r"\((?:\d+,){4}(\d+),(\d+)\)", answer.text)
    return int(found[1]) * 256 + int(found[2]) if found else None
