"""
What the kernel says of a device becomes the right reply, which is true; and the next job prints.
"""

from __future__ import annotations

import errno
import os
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor

from jetdirect.errors import PrinterLost
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from tests.support.failingcalls import Machine
from tests.support.ser2net import SerialPrinter
from tests.support.session import Session

reactor: Any = theReactor

#: Two halves in no language, so that the end of a cut job adds nothing.  The first is one write of
#: every transport.
HALF = bytes(range(256)) * 16
JOB = HALF + HALF[::-1]
NEXT = b"the next job"

#: The reply, and how many bytes the printer has then, at least.
ON, CUT, LOST = ("226", len(JOB)), ("551", len(HALF)), ("551", 0)
SAFE, REFUSED = ("451", 0), ("450", 0)

Fates = Mapping[str, tuple[str, int]]


WRITES: Mapping[str, Fates] = {
    "ENOSPC": {"parallel": ON, "usb": CUT, "serial": CUT, "pipe": CUT},
    "EIO": {"parallel": ON, "usb": CUT, "serial": CUT, "pipe": CUT},
    "EBUSY": {"parallel": ON, "usb": CUT, "serial": CUT, "pipe": CUT},
    "ENODEV": {"parallel": CUT, "usb": CUT, "serial": CUT, "pipe": CUT},
    "EINTR": {"parallel": ON, "usb": CUT, "serial": ON, "pipe": ON},
    "EAGAIN": {"parallel": ON, "usb": CUT, "serial": ON, "pipe": ON},
}
"""
A parallel port without paper (ENOSPC), offline (EIO) or in trouble (EBUSY) is waited for.  Of a
USB printer nobody knows whether it took what was written: it is never written again.
"""


@pytest.mark.parametrize("error", WRITES)
def test_secondWrite(error: str, tmp_path: Path) -> None:
    """
    Every second write of a thread fails, once the printer has the first half.
    """
    fault = f"write:error={error}:when=2+2"
    with Machine(tmp_path, WRITES[error], fault) as machine:
        promise(machine, WRITES[error], len(HALF))


FIRST: Mapping[str, tuple[Sequence[str], Fates]] = {
    "write": (
        ["write:error=ENODEV"],
        {"parallel": SAFE, "usb": LOST, "serial": SAFE, "pipe": SAFE, "file": LOST},
    ),
    "in use": (
        ["openat:error=EBUSY"],
        dict.fromkeys(("parallel", "usb", "serial", "pipe", "file", "directory"), REFUSED),
    ),
    "locked": (["flock:error=EAGAIN"], dict.fromkeys(("serial", "pipe", "file"), REFUSED)),
    "settings": (["ioctl:error=EIO"], {"serial": REFUSED}),
    "disk": (["fsync:error=EIO"], {"file": LOST, "directory": LOST}),
    "disk, for good": (["fsync:error=EIO", "ftruncate:error=EIO"], {"file": ("551", len(JOB))}),
    "name": (["rename,renameat,renameat2:error=EIO"], {"directory": LOST}),
}


@pytest.mark.parametrize("what", FIRST)
def test_always(what: str, tmp_path: Path) -> None:
    """
    Such a call always fails.
    """
    faults, fates = FIRST[what]
    with Machine(tmp_path, fates, *faults) as machine:
        promise(machine, fates, log="of a cut job stay" if what == "disk, for good" else "")


def promise(machine: Machine, fates: Fates, first: int = 0, log: str = "") -> None:
    """
    Each job has its reply, which is true; without the fault, the next one prints behind it.

    @param log: what the log says before the fault is over; a file is put right behind the reply.
    """
    replies = {kind: machine.send(kind, JOB, first) for kind in fates}
    assert {kind: reply[:3] for kind, reply in replies.items()} == {
        kind: code for kind, (code, _) in fates.items()
    }, replies
    if log:
        machine.gateway.waitFor(log)
    machine.mend()
    for kind, (code, least) in fates.items():
        reply = machine.send(kind, NEXT)
        assert reply.startswith("226 "), reply
        got = machine.printers[kind].waitUntil(lambda printed: printed.endswith(NEXT))
        job = got[: -len(NEXT)]
        assert JOB.startswith(job), kind
        assert len(job) >= least, kind
        assert code[0] != "4" or not job, kind
    assert "Traceback" not in machine.gateway.log


@pytest.mark.parametrize("kind", ["parallel", "usb", "serial", "file", "pipe"])
def test_close(kind: str, tmp_path: Path) -> None:
    """
    An error while a device is closed is none of the job, which the printer has.
    """
    with Machine(tmp_path, [kind], "close:error=EIO") as machine:
        reply = machine.send(kind, JOB)
        assert reply.startswith("226 "), reply
        assert machine.printers[kind].waitFor(len(JOB)) == JOB


def test_portGone(tmp_path: Path) -> None:
    """
    A port that says EIO and is no more has lost the job.
    """
    with (
        Machine(tmp_path, ["parallel"], "write:error=EIO:when=2+") as machine,
        Session(machine.gateway.port) as session,
        session.upload() as wire,
    ):
        wire.sendall(HALF)
        machine.printers["parallel"].waitFor(len(HALF))
        wire.sendall(HALF)
        os.unlink(machine.printers["parallel"].path)
        reply = session.reply()
    assert reply.startswith("551 "), reply


@pytest_twisted.ensureDeferred
async def test_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A line that fails while its chip still has the last bytes has lost them.  (The reactor usually
    hears of a hang-up before.)
    """

    def fail(descriptor: int) -> None:
        raise termios.error(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(termios, "tcdrain", fail)
    with SerialPrinter() as printer:
        transport = transportFor(reactor, f"serial:{printer.path}")
        connection: Any = await transport.open(FakeJob())
        connection.write(JOB)
        with pytest.raises(PrinterLost):
            await connection.finish()
