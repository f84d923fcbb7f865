"""
Gateways that are broken on purpose in what an operator can set, and in what a file printer does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.endpoints import HostnameEndpoint

from jetdirect.errors import JobTooLarge, PrintError
from jetdirect.ftp import data, dataports, replies
from jetdirect.ftp.control import ControlConnection
from jetdirect.ftp.factory import PrintFTPFactory
from jetdirect.ftp.replies import Reply
from jetdirect.ftp.session import Session
from jetdirect.ftp.upload import Upload
from jetdirect.net import pulse
from jetdirect.net.pulse import Pulse
from jetdirect.server import PrintServer
from jetdirect.transports import dressing
from jetdirect.transports.file import transport as file
from jetdirect.visit import Visit

from .simulation.directory import DirectoryPrinter
from .simulation.simulation import Simulation


def graceIsIgnored(patch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the loss of the control connection."""

    async def pause(self: Any, seconds: float) -> bool:
        return True

    patch.setattr(Session, "pause", pause)


def drainNeverExpires(patch: pytest.MonkeyPatch) -> None:
    """A job that was under way may go on for ever."""
    original, stop = PrintFTPFactory.stopSessions, PrintServer.stop
    patch.setattr(
        PrintFTPFactory,
        "stopSessions",
        lambda self, drain=0.0: original(self, drain and drain * 1000),
    )
    patch.setattr(PrintServer, "stop", lambda self, drain: stop(self, drain and drain * 1000))


def drainIsCutShort(patch: pytest.MonkeyPatch) -> None:
    """Half the time is enough."""
    original = PrintFTPFactory.stopSessions
    patch.setattr(PrintFTPFactory, "stopSessions", lambda self, d=0.0: original(self, d / 2))


def jobsBeginInDrain(patch: pytest.MonkeyPatch) -> None:
    """A job that waits still gets its turn."""
    original = Session.stop

    def stop(self: Any, drain: bool) -> None:
        if drain:
            self.closeAfter(replies.STOPPING)
        else:
            original(self, drain)

    patch.setattr(Session, "stop", stop)


def limitIsIgnored(patch: pytest.MonkeyPatch) -> None:
    """A job may have any size."""
    original = PrintServer.submit

    def submit(self: Any, port: Any, *arguments: Any, **keywords: Any) -> Any:
        port.settings = replace(port.settings, maxJobBytes=None)
        return original(self, port, *arguments, **keywords)

    patch.setattr(PrintServer, "submit", submit)


def limitIsTransient(patch: pytest.MonkeyPatch) -> None:
    """452 when half a job is on paper: it will be sent again."""
    original = replies.refusal

    def refusal(error: PrintError, number: int) -> Reply:
        if isinstance(error, JobTooLarge):
            return Reply(451, "Job too large")
        return original(error, number)

    patch.setattr(replies, "refusal", refusal)


def noEpilog(patch: pytest.MonkeyPatch) -> None:
    """What is to come after every job does not."""
    patch.setattr(dressing.DressedConnection, "finish", lambda self: self._inner.finish())


def epilogAnyway(patch: pytest.MonkeyPatch) -> None:
    """It comes after half a job, too."""
    original = dressing.DressedConnection.abort

    def abort(self: Any, tail: bytes) -> Any:
        if self._begun:
            self._inner.write(self._dressing.epilog)
        return original(self, tail)

    patch.setattr(dressing.DressedConnection, "abort", abort)


def everyPieceBeginsAnew(patch: pytest.MonkeyPatch) -> None:
    """A CR LF that was torn apart gets a second CR."""
    original = dressing.DressedConnection._withCR

    def withCR(self: Any, piece: bytes) -> bytes:
        self._afterCR = False
        return original(self, piece)

    patch.setattr(dressing.DressedConnection, "_withCR", withCR)


def fireAndForgetIsRefused(patch: pytest.MonkeyPatch) -> None:
    """The switch does nothing."""
    original = Upload.senderLost

    def senderLost(self: Any) -> None:
        settings = self.session.settings
        object.__setattr__(settings, "fireAndForget", False)
        original(self)
        object.__setattr__(settings, "fireAndForget", True)

    patch.setattr(Upload, "senderLost", senderLost)


def goneMeansComplete(patch: pytest.MonkeyPatch) -> None:
    """A sender that may forget has sent everything when it goes."""

    def senderLost(self: Any) -> None:
        if self._pouring and self.dataPort._over is not None:
            self.job.size = None
            self.dataPort._end(None)

    patch.setattr(Upload, "senderLost", senderLost)


def addressIsKept(patch: pytest.MonkeyPatch) -> None:
    """A printer's name is looked up once."""

    def resolver(self: Any, reactor: Any) -> Any:
        if not hasattr(self, "kept"):
            self.kept = Kept(reactor.nameResolver)
        return self.kept

    patch.setattr(HostnameEndpoint, "_getNameResolverAndMaybeWarn", resolver)


class Kept:
    """A resolver that remembers for ever."""

    def __init__(self, names: Any) -> None:
        self.kept: dict[str, str] = {}
        self._names = names

    def resolveHostName(self, receiver: Any, name: str, *rest: Any, **more: Any) -> Any:
        """As the other, the first time."""
        live = self._names.names
        if name in live:
            self.kept.setdefault(name, live[name])
        now = live.get(name)
        if name in self.kept:
            live[name] = self.kept[name]
        try:
            return self._names.resolveHostName(receiver, name, *rest, **more)
        finally:
            if now is not None:
                live[name] = now


def nothingIsSynced(patch: pytest.MonkeyPatch) -> None:
    """226 for a file that a power failure takes."""
    patch.setattr(file.PartFile, "sync", lambda self: None)


def namesAreNotSynced(patch: pytest.MonkeyPatch) -> None:
    """226 for a file whose name a power failure takes."""

    def publish(self: Any) -> None:
        self._close()
        system, directory = vars(file)["os"], self._directory
        system.rename(self._part, self._name, src_dir_fd=directory, dst_dir_fd=directory)
        self._over = True
        system.close(directory)

    patch.setattr(file.PartFile, "publish", publish)


def diskErrorsAreOverlooked(patch: pytest.MonkeyPatch) -> None:
    """What could not be written is missing in the file."""
    patch.setattr(file.FileConnection, "_failed", lambda self, failure: None)


def partsStay(patch: pytest.MonkeyPatch) -> None:
    """What was cut stays on the disk."""
    patch.setattr(file.PartFile, "discard", lambda self: None)


def turnIsWaitedForTwice(patch: pytest.MonkeyPatch) -> None:
    """The busy time-out is longer than it should be."""
    original = Visit.wait

    def wait(self: Any, tooLong: Any) -> None:
        longer = self._settings.busyTimeout * 2 + 1
        self._settings = replace(self._settings, busyTimeout=longer)
        original(self, tooLong)

    patch.setattr(Visit, "wait", wait)


def connectingHasNoEnd(patch: pytest.MonkeyPatch) -> None:
    """The connect time-out is not what was set."""
    original = Visit._try

    def attempt(self: Any) -> None:
        deadline = self._deadline
        self._deadline = deadline + 20
        original(self)
        self._deadline = deadline

    patch.setattr(Visit, "_try", attempt)


def unconfirmedTooSoon(patch: pytest.MonkeyPatch) -> None:
    """A slow printer is not given the time that its URI says."""
    original = Pulse.still
    patch.setattr(Pulse, "still", lambda self: 2 * original(self))


def bytesAreNoSignOfLife(patch: pytest.MonkeyPatch) -> None:
    """The idle time-out runs while data come."""

    def received(self: Any, piece: bytes) -> None:
        before = self.lastActive
        original(self, piece)
        self.lastActive = before

    original = data.DataPort.received
    patch.setattr(data.DataPort, "received", received)


def deadTooSoon(patch: pytest.MonkeyPatch) -> None:
    """A printer is given up after a few seconds."""
    patch.setattr(pulse, "DEAD_AFTER_SECONDS", 3.0)


def noCloseNotifyNeeded(patch: pytest.MonkeyPatch) -> None:
    """Under TLS any end of the file will do, whatever the operator says."""
    original = data.DataPort.connectionEnded

    def connectionEnded(self: Any, reason: Any) -> None:
        self._terms = self._terms._replace(lenient=True)
        original(self, reason)

    patch.setattr(data.DataPort, "connectionEnded", connectionEnded)


def withoutAWord(patch: pytest.MonkeyPatch) -> None:
    """A session ends, and its sender does not know why."""
    original = ControlConnection.close

    def close(self: Any, reply: Reply) -> None:
        said, self.reply = self.reply, lambda reply: None
        original(self, reply)
        self.reply = said

    patch.setattr(ControlConnection, "close", close)


def portsStayOpen(patch: pytest.MonkeyPatch) -> None:
    """A passive port that was not used is not closed."""
    patch.setattr(dataports.PassivePort, "close", dataports.MadePort.close)


def allPortsAreTaken(patch: pytest.MonkeyPatch) -> None:
    """One attempt to find a free passive port is enough."""
    original = dataports.PassivePort._listen
    patch.setattr(
        dataports.PassivePort,
        "_listen",
        lambda self, where, ports: original(self, where, ports[:1]),
    )


Saboteur = tuple[Callable[[pytest.MonkeyPatch], None], str, int, Callable[[Simulation], bool]]
"""Who breaks what, the rule that is violated or a part of the violation's text, within how many
seeds it must be seen (five times the mean of six rows of them, measured, and at least 20), and
which seeds are played."""


def anywhere(simulation: Simulation) -> bool:
    """In every simulation."""
    return True


def badPrinters(simulation: Simulation) -> bool:
    """Where printers are at their worst, and senders are not."""
    return simulation.printerTrouble > 0.5 and not simulation.senderTrouble


def badSenders(simulation: Simulation) -> bool:
    """Where senders are at their worst, and printers are not."""
    return simulation.senderTrouble > 0.5 and not simulation.printerTrouble


def aFile(simulation: Simulation) -> bool:
    """Where a printer is a directory."""
    return any(isinstance(printer, DirectoryPrinter) for printer in simulation.printers)


def dressed(simulation: Simulation) -> bool:
    """Where jobs are dressed."""
    return any(dress.query for dress in simulation.dresses.values())


def encrypted(simulation: Simulation) -> bool:
    """Where there is TLS, and an end without close_notify counts for nothing; there are many."""
    simulation.senderTrouble = 0.9
    return simulation.switches.tls and not simulation.switches.lenient


def impatient(simulation: Simulation) -> bool:
    """Where who is silent is not waited for."""
    return simulation.hears and not simulation.patient


def forgetful(simulation: Simulation) -> bool:
    """Where senders may fire and forget."""
    return simulation.switches.fireAndForget


def draining(simulation: Simulation) -> bool:
    """Where jobs may finish when the gateway is stopped, which it is."""
    simulation.incidents.likely = simulation.incidents.stopping = 1.0
    return simulation.switches.drain > 0


def hurried(simulation: Simulation) -> bool:
    """Where they have only seconds to finish then, and printers may need more."""
    return draining(simulation) and simulation.switches.drain <= 5 and simulation.printerTrouble > 0


def newlines(simulation: Simulation) -> bool:
    """Where jobs are dressed as text."""
    return any("newlines=crlf" in d.query for d in simulation.dresses.values())


def limited(simulation: Simulation) -> bool:
    """Where a job may have so many bytes."""
    return simulation.switches.maxJobBytes is not None


SWITCHES: list[Saboteur] = [
    (graceIsIgnored, "grace", 20, lambda simulation: simulation.switches.grace > 0),
    (drainNeverExpires, "drain", 120, hurried),
    (drainIsCutShort, "drain", 50, hurried),
    (jobsBeginInDrain, "drain", 50, draining),
    (limitIsIgnored, "limit", 20, limited),
    (limitIsTransient, "reply class", 20, limited),
    (noEpilog, "I1", 20, dressed),
    (epilogAnyway, "I2", 60, dressed),
    (everyPieceBeginsAnew, "I2", 270, newlines),
    (fireAndForgetIsRefused, "fire and forget", 70, forgetful),
    (goneMeansComplete, "I5", 40, forgetful),
    (addressIsKept, "former address", 300, anywhere),
    (nothingIsSynced, "226 in spite of evidence", 20, aFile),
    (namesAreNotSynced, "226 in spite of evidence", 20, aFile),
    (diskErrorsAreOverlooked, "I1", 90, aFile),
    (partsStay, "I7", 20, aFile),
    (turnIsWaitedForTwice, "patience", 30, anywhere),
    (connectingHasNoEnd, "patience", 190, anywhere),
    (unconfirmedTooSoon, "unconfirmed after", 30, anywhere),
    (bytesAreNoSignOfLife, "reasons are true", 60, impatient),
    (deadTooSoon, "reasons are true", 80, lambda simulation: simulation.printerTrouble > 0.5),
    (noCloseNotifyNeeded, "226 in spite of evidence", 230, encrypted),
    (withoutAWord, "without a word", 20, anywhere),
    (portsStayOpen, "I7", 40, anywhere),
    (
        allPortsAreTaken,
        "there are some",
        40,
        lambda simulation: len(simulation.switches.passivePorts) > 1,
    ),
]
"""All of them."""
