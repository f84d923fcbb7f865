"""
The simulation in short, and the proof that it would see a gateway that lies.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from jetdirect import job as jobs
from jetdirect.errors import PrintError
from jetdirect.ftp import data, dataports, replies
from jetdirect.ftp.address import plainHost
from jetdirect.ftp.replies import Reply
from jetdirect.ftp.shell import PrintShell
from jetdirect.ftp.upload import Upload
from jetdirect.guard import GuardedConnection
from jetdirect.interfaces import Delivery
from jetdirect.job import Job
from jetdirect.transports.ending import State
from jetdirect.transports.socket import SocketConnection
from laboratory.faults.invariants import Violation
from laboratory.faults.known import isKnown
from laboratory.faults.saboteurs_kernel import KERNEL
from laboratory.faults.saboteurs_reload import RELOAD
from laboratory.faults.saboteurs_switches import (
    SWITCHES,
    Saboteur,
    anywhere,
    badPrinters,
    badSenders,
)
from laboratory.faults.saboteurs_time import TIME
from laboratory.faults.simulate import main
from laboratory.faults.simulation.faults import CELLS, Coverage
from laboratory.faults.simulation.simulation import Simulation

FEW, MANY = range(50), range(50, 250)
"""Seeds: for everybody, and for C{.ci/run}."""

FAILED_ONCE = (
    324,
    350,
    412,
    589,
    1557,
    1651,
    3106,
    3853,
    4747,
    7244,
    7949,
    8631,
    9052,
    9516,
    11079,
    11192,
    12075,
    100550,
)
"""Seeds of the first edition that have shown a fault of the gateway or of the laboratory."""


@pytest.fixture(autouse=True)
def errorsAreJudged(flushErrors: Callable[..., object]) -> Iterator[None]:
    """Each simulation judges what is logged as an error: plugins are to be blamed for some."""
    yield
    flushErrors()


def unknown(seed: int, coverage: Coverage | None = None, plain: bool = False) -> list[Violation]:
    """What is wrong with a seed, faults aside that are known."""
    return [each for each in Simulation(seed, coverage, plain=plain).run() if not isKnown(each)]


def test_noSeedFindsAnything() -> None:
    """What a change must not break."""
    assert [f"{seed}: {each}" for seed in FEW for each in unknown(seed)] == []


@pytest.mark.long
@pytest.mark.timeout(1200)  # half a minute, on a machine that has nothing else to do
def test_manySeedsFindNothing() -> None:
    """Most combinations are there even in so few; all of them are in 2,000 seeds."""
    coverage = Coverage()
    assert [f"{seed}: {each}" for seed in MANY for each in unknown(seed, coverage)] == []
    assert len(coverage.missing) < len(CELLS) / 3


@pytest.mark.parametrize("seed", FAILED_ONCE)
def test_whatFailedOnce(seed: int) -> None:
    """A seed that found something stays, and means what it meant."""
    assert unknown(seed, plain=True) == []


def test_aSeedIsPlayedTheSameAgain() -> None:
    """Bit for bit: a failure can be looked at."""
    for seed in range(20):
        first, again = Simulation(seed, traced=True), Simulation(seed, traced=True)
        assert first.run() == again.run()
        assert first.network.trace == again.network.trace
        assert first.network.trace


@pytest.mark.long
def test_commandLine(capsys: pytest.CaptureFixture[str]) -> None:
    """The table, the summary and the exit status, from one process and from two."""
    assert main(["--seeds", "60", "--known"]) == 0
    told = capsys.readouterr().out
    assert "control RST" in told and "60 seeds from 0" in told and "commit" in told
    parallel = subprocess.run(
        [
            *(sys.executable, "-m", "laboratory.faults.simulate"),
            *("--seeds", "60", "--known", "--workers", "2"),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert _counts(parallel.stdout) == _counts(told)
    assert main(["--seed", "3", "--trace"]) in (0, 1)
    assert "hears 220" in capsys.readouterr().out


def _counts(told: str) -> list[str]:
    # All that does not depend on the time it took.
    return [line for line in told.splitlines() if not re.search(r"\d/s$| seeds from ", line)]


# Saboteurs: a gateway that is broken on purpose is found out.


def notWaitingForTheFIN(patch: pytest.MonkeyPatch) -> None:
    """226 as soon as the last byte is with our own kernel, as many spoolers do."""

    def writeConnectionLost(self: Any) -> None:
        if self._ending.state is State.FINISHING:
            self._finished(Delivery.DELIVERED)

    patch.setattr(SocketConnection, "writeConnectionLost", writeConnectionLost)


def earlyFINIsFine(patch: pytest.MonkeyPatch) -> None:
    """A printer that closes before the end of the job has it all."""
    original = SocketConnection.readConnectionLost

    def readConnectionLost(self: Any) -> None:
        self._printer.earlyClose = True
        original(self)

    patch.setattr(SocketConnection, "readConnectionLost", readConnectionLost)


def anyEndOfDataIsAnEnd(patch: pytest.MonkeyPatch) -> None:
    """The reason of the data connection's end is not looked at, as in stock Twisted."""
    original = data.DataPort.connectionEnded

    def connectionEnded(self: Any, reason: Failure) -> None:
        self._closed = None
        original(self, Failure(ConnectionDone()))

    patch.setattr(data.DataPort, "connectionEnded", connectionEnded)


def senderMayGo(patch: pytest.MonkeyPatch) -> None:
    """The loss of the control connection is overlooked."""
    patch.setattr(Upload, "senderLost", lambda self: None)


def allowanceIsIgnored(patch: pytest.MonkeyPatch) -> None:
    """ALLO is answered and forgotten."""
    original = Job.finish

    def finish(self: Any) -> Any:
        self.size = None
        return original(self)

    patch.setattr(Job, "finish", finish)


def turnIsNotHeld(patch: pytest.MonkeyPatch) -> None:
    """The next job has its turn while the last one's abort is under way."""

    original = SocketConnection.abort

    def abort(self: Any, tail: bytes) -> Any:
        original(self, tail)
        return succeed(None)

    patch.setattr(SocketConnection, "abort", abort)


def alwaysTransient(patch: pytest.MonkeyPatch) -> None:
    """451 also after bytes have been printed."""
    original = replies.refusal

    def refusal(error: PrintError, number: int) -> Reply:
        error.printed = False
        return original(error, number)

    patch.setattr(replies, "refusal", refusal)


def alwaysPrinted(patch: pytest.MonkeyPatch) -> None:
    """551 also when nothing was printed: nobody would dare to send it again."""
    original = replies.refusal

    def refusal(error: PrintError, number: int) -> Reply:
        error.printed = True
        return original(error, number)

    patch.setattr(replies, "refusal", refusal)


def strangersMaySend(patch: pytest.MonkeyPatch) -> None:
    """A passive port takes any peer."""
    original = dataports.PassivePort.buildProtocol

    def buildProtocol(self: Any, addr: Any) -> Any:
        self._peer = plainHost(addr.host)
        return original(self, addr)

    patch.setattr(dataports.PassivePort, "buildProtocol", buildProtocol)


def formFeed(patch: pytest.MonkeyPatch) -> None:
    """One byte is added to a complete job."""
    original = SocketConnection.finish

    def finish(self: Any) -> Any:
        self.transport.write(b"\f")
        return original(self)

    patch.setattr(SocketConnection, "finish", finish)


def noTail(patch: pytest.MonkeyPatch) -> None:
    """The language of a cut job is not ended."""
    patch.setattr(jobs, "tailFor", lambda head: b"")


def timerStays(patch: pytest.MonkeyPatch) -> None:
    """A timer goes on when its connection is gone."""
    original = SocketConnection.connectionLost

    def connectionLost(self: Any, reason: Any) -> None:
        original(self, reason)
        self._watchLater()

    patch.setattr(SocketConnection, "connectionLost", connectionLost)
    patch.setattr(SocketConnection, "_checkWire", lambda self: self._watchLater())


def endIsNotLogged(patch: pytest.MonkeyPatch) -> None:
    """A job that was cut leaves no word in the log."""
    original = Job._end

    def end(self: Any) -> None:
        if self.error is None:
            original(self)

    patch.setattr(Job, "_end", end)


def canceledAnyway(patch: pytest.MonkeyPatch) -> None:
    """The printer keeps the port after an abort."""
    original = GuardedConnection.abort

    def abort(self: Any, tail: bytes) -> Any:
        original(self, tail)
        return Deferred()

    patch.setattr(GuardedConnection, "abort", abort)


def twoReplies(patch: pytest.MonkeyPatch) -> None:
    """The final reply is sent twice."""
    original = Upload.run

    def run(self: Any, over: Callable[[], None]) -> None:
        def again() -> None:
            if self.job.error is not None:
                self.session.reply(replies.refusal(self.job.error, self.job.number))
            over()

        original(self, again)

    patch.setattr(Upload, "run", run)


def abortIsForgotten(patch: pytest.MonkeyPatch) -> None:
    """ABOR in the middle of a job is taken for none."""
    patch.setattr(Upload, "abort", lambda self: None)


def neverUnconfirmed(patch: pytest.MonkeyPatch) -> None:
    """A printer is waited for no longer than a moment, whatever it has acknowledged."""

    def settle(self: Any, acknowledged: bool = False) -> None:
        if self._ending.state is State.FINISHING and self._pulse.still() >= 1:
            self._finished(Delivery.SENT)

    patch.setattr(SocketConnection, "_settle", settle)


def notHeardIsHeard(patch: pytest.MonkeyPatch) -> None:
    """The record does not care whether the sender was still there."""
    original = Job.complete
    patch.setattr(Job, "complete", lambda self, heard=True: original(self, True))


def firstWordDecides(patch: pytest.MonkeyPatch) -> None:
    """The port is read from the first word of a path, the name from where it leads."""
    resolve = PrintShell.resolve
    said: dict[Any, Any] = {}

    def first(self: Any, directory: Sequence[str], path: str) -> Any:
        word = path.lstrip("/").partition("/")[0]
        here = self.server.port(directory[0]) if directory else None
        said[self] = self.server.port(word) or here or self.server.ports[0]
        return resolve(self, directory, path)

    patch.setattr(PrintShell, "resolve", first)
    patch.setattr(PrintShell, "portOf", lambda self, path: said[self])


SABOTEURS: list[Saboteur] = [
    (notWaitingForTheFIN, "delivery level", 40, badPrinters),
    (earlyFINIsFine, "delivery level", 90, badPrinters),
    (anyEndOfDataIsAnEnd, "226 in spite of evidence", 50, badSenders),
    (senderMayGo, "I5", 40, anywhere),
    (allowanceIsIgnored, "226 in spite of evidence", 140, badSenders),
    (turnIsNotHeld, "I3", 300, anywhere),
    (alwaysTransient, "reply class", 40, anywhere),
    (alwaysPrinted, "reply class", 20, anywhere),
    (strangersMaySend, "I2", 40, anywhere),
    (formFeed, "I1", 20, anywhere),
    (noTail, "tail of a cut job", 130, anywhere),
    (timerStays, "I7", 20, anywhere),
    (endIsNotLogged, "I5", 20, anywhere),
    (canceledAnyway, "I6", 20, anywhere),
    (twoReplies, "oddity", 20, anywhere),
    (abortIsForgotten, "oddity", 70, badSenders),
    (neverUnconfirmed, "226 in spite of evidence", 100, badPrinters),
    (notHeardIsHeard, "nobody had the reply yet", 40, anywhere),
    (firstWordDecides, "wrong paper", 80, anywhere),
]
"""All of them that need no particular simulation, or a bad one."""


_MISSED = re.compile(r"/saboteurs_\w+\.py\", line [^\n]*\n[^\n]*\n[\s~^]*\S*AttributeError")
"""A saboteur that names what is not there any more: it breaks nothing but itself."""

ALL_SABOTEURS = [*SABOTEURS, *SWITCHES, *KERNEL, *TIME, *RELOAD]


@pytest.mark.long
@pytest.mark.parametrize(
    ("saboteur", "rule", "within", "where"),
    ALL_SABOTEURS,
    ids=[each[0].__name__ for each in ALL_SABOTEURS],
)
def test_saboteurIsFound(
    saboteur: Callable[[pytest.MonkeyPatch], None],
    rule: str,
    within: int,
    where: Callable[[Simulation], bool],
    monkeypatch: pytest.MonkeyPatch,
    flushErrors: Callable[..., object],
) -> None:
    """The laboratory sees what it is there for."""
    saboteur(monkeypatch)
    simulations = (each for each in map(Simulation, count()) if where(each))
    for simulation in islice(simulations, within):
        found = simulation.run()
        assert not any(_MISSED.search(each.text) for each in found)
        if any(rule in each.text for each in found):
            break
        if any(each.rule.startswith(rule) and not isKnown(each) for each in found):
            break
    else:
        pytest.fail(f"{within} seeds, and nobody noticed")
    flushErrors()
