"""
Stopping the process: at once when it is idle, honestly when it is not.

That a running job has time to finish, and is cut when it does not, is in C{test_cut_jobs}.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.threads import blockingCallFromThread, deferToThread

from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway as Service
from jetdirect.transports.build import transportFor
from tests.peers.test_turns import beginWaiting
from tests.support.gateway import IPV4, Gateway
from tests.support.line import listeningAt
from tests.support.pages import page
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, delivered, lastLine

reactor: Any = theReactor

#: How often an idle gateway is stopped; C{JETDIRECT_STOPS=200} is for a release.
STOPS = int(os.environ.get("JETDIRECT_STOPS", "5"))

#: Seconds for that (chosen: a hundred times what was measured).
AT_ONCE = 2.0

#: Seconds that a client has to take its last reply and close.
LINGER = 2.0


@pytest.mark.parametrize("attempt", range(STOPS))
def test_idleGatewayEndsAtOnce(attempt: int, tmp_path: Path) -> None:
    """
    Without a job the process is gone at once, with sessions (every other time) or without.
    """
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        sessions = [Session(gateway.port), Session(gateway.port)] if attempt % 2 else []
        asked, late = time.monotonic(), gateway.late
        gateway.signal(signal.SIGTERM)
        for session in sessions:
            assert session.reply().startswith("421")
            session.close()
        assert gateway.waitForEnd() == -signal.SIGTERM
        assert time.monotonic() - asked - (gateway.late - late) < AT_ONCE
        assert "Traceback" not in gateway.log


def test_aSessionThatDoesNotAnswerIsNotWaitedFor(tmp_path: Path) -> None:
    """
    A client that neither reads its 421 nor closes holds the process up for two seconds.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port),
    ):
        asked, late = time.monotonic(), gateway.late
        gateway.signal(signal.SIGTERM)
        gateway.waitForEnd()
        assert time.monotonic() - asked - (gateway.late - late) < LINGER + AT_ONCE


def test_onlyTheRunningJobIsPrinted(tmp_path: Path) -> None:
    """
    The running job has its 226, then 421; the waiting one, an open session and a new one print
    nothing and are told so, and the next command of the running session is not done.
    """
    with (
        RawPrinter() as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as running,
        Session(gateway.port) as waiting,
        Session(gateway.port) as idle,
    ):
        with running.upload() as wire:
            wire.sendall(b"first ")
            printer.waitForBytes(1, 6)
            running.putcmd("EPSV")
            running.putcmd("STOR later.ps")
            with beginWaiting(waiting, "second.ps"):
                assert waiting.say("NOOP").startswith("200")
                gateway.askToEnd()
                with pytest.raises(ConnectionError):
                    Session(gateway.port)
                assert "safe to send it again" in waiting.reply()
                assert waiting.reply().startswith("421")
            assert idle.say("STOR third.ps").startswith("421")
            wire.sendall(b"last")
        assert re.search(delivered("PORT1", 10), lastLine(running.reply()))
        assert running.reply().startswith("421")
        for session in (running, waiting, idle):
            with pytest.raises(EOFError):
                session.reply()
            session.close()
        gateway.waitForEnd()
        assert printer.jobs == [b"first last"]
        assert gateway.jobEnd(2).startswith("aborted: 0 bytes")
        assert not gateway.matches("job 3 ")


def test_aJobWithoutItsPrinterIsNotWaitedFor(tmp_path: Path) -> None:
    """
    A job whose printer is still being tried has nothing to finish: 421, and it may be sent again.
    """
    with (
        RawPrinter(on=False) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
        beginWaiting(session, "page.ps"),
    ):
        gateway.waitFor("job 1 on PORT1: 'page.ps'")
        gateway.askToEnd()
        reply = session.reply()
        assert re.match("421 .*safe to send it again", reply), reply
        assert session.reply().startswith("421")
        session.close()
        gateway.waitForEnd()


def stopTwice(gateway: Gateway, printer: RawPrinter, first: int, second: int) -> str:
    """
    Two signals while a job runs, which then ends well.

    @return: the reply to it.
    """
    with Session(gateway.port) as session:
        with session.upload() as wire:
            wire.sendall(b"first ")
            printer.waitForBytes(1, 6)
            gateway.askToEnd(first)
            gateway.signal(second)
            # Each line says what is waited for, and how long.
            gateway.waitFor(r"job 1 on PORT1 \(6 bytes\) may take (60|5\d) s to finish", count=2)
            gateway.waitFor("Received SIG(TERM|INT)", count=2)
            assert session.say("NOOP").startswith("200")
            wire.sendall(b"last")
        reply = session.reply()
        assert session.reply().startswith("421")
    gateway.waitForEnd()
    return reply


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)],
    ids=["terminate", "interrupt"],
)
def test_aSecondSignalCutsNoJob(first: int, second: int, tmp_path: Path) -> None:
    """
    Who asks twice is not more impatient than the drain time-out; SIGKILL is there for that.
    """
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        reply = stopTwice(gateway, printer, first, second)
        assert re.search(delivered("PORT1", 10), lastLine(reply)), reply
        assert printer.jobs == [b"first last"]


def test_aSecondSignalIsNoFault(tmp_path: Path) -> None:
    """
    An operator who asks twice finds no traceback in the log.
    """
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        stopTwice(gateway, printer, signal.SIGTERM, signal.SIGTERM)
        assert "Traceback" not in gateway.log


def test_twoSignalsAtOnce(tmp_path: Path) -> None:
    """
    Two that arrive together, as from a terminal and a service manager, are one end, and no fault.
    """
    with RawPrinter() as printer, Gateway(tmp_path, "--printer", printer.uri()) as gateway:
        Session(gateway.port).close()  # its reactor runs, and has the signals
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
            gateway.signal(number)
        gateway.waitForEnd()
        assert len(gateway.matches("Received SIG(TERM|INT), shutting down")) == 2
        assert "Traceback" not in gateway.log


def _portOf(service: Service) -> int:
    [number] = listeningAt(service.factory)
    return number


@pytest_twisted.ensureDeferred
async def test_oneOfTwoStops() -> None:
    """
    Two gateways in one process, both with a running job: one stops and lets its job finish, the
    other takes new jobs all the time.
    """
    job = page("traps.bin")
    with RawPrinter() as first, RawPrinter() as second:
        stopping, staying = (
            Service(Configuration([transportFor(reactor, printer.uri())], [IPV4]), reactor)
            for printer in (first, second)
        )
        for service in (stopping, staying):
            service.startService()
        ports = [_portOf(stopping), _portOf(staying)]

        def converse() -> None:
            with Session(ports[0]) as one, Session(ports[1]) as other:
                with one.upload() as wire, other.upload() as otherWire:
                    wire.sendall(job[:1000])
                    otherWire.sendall(job[:1000])
                    first.waitForBytes(1, 1000)
                    stopped = blockingCallFromThread(reactor, lambda: [stopping.stopService()])
                    with pytest.raises(ConnectionError):
                        Session(ports[0])
                    wire.sendall(job[1000:])
                    otherWire.sendall(job[1000:])
                for session in (one, other):
                    assert re.search(delivered("PORT1", len(job)), lastLine(session.reply()))
                assert one.reply().startswith("421")
                one.close()
                blockingCallFromThread(reactor, lambda: stopped[0])
                assert re.search(delivered("PORT1", len(job)), lastLine(other.send(job)))
                with Session(ports[1]) as new:
                    assert re.search(delivered("PORT1", len(job)), lastLine(new.send(job)))

        try:
            await deferToThread(converse)
        finally:
            await staying.stopService()
            await stopping.stopService()
        assert first.jobs == [job]
        assert second.jobs == [job] * 3
