"""
Print inside the guest, through a gateway of its own, and say what came of it.

The parallel port is 1; the first USB printer is 2 by its device file, 3 by its name and 4 without
listening to it, the latter two at gateways of their own; a second one, which fails as it is told,
is 5.  6 is a parallel port on USB, whose printer can be in trouble.
"""

from __future__ import annotations

import ftplib
import hashlib
import os
import platform
import random
import select
import signal
import tempfile
import textwrap
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from laboratory.guest.adapter import OFFLINE, PAPER_OUT, Adapter
from laboratory.guest.gadget import Printer, ScriptedPrinter, until
from tests.support import peer

# The machine is emulated.  The others take it from there as they are imported.
peer.PATIENCE = 120.0

from tests.support.gateway import Gateway  # noqa: E402
from tests.support.pages import page, render  # noqa: E402
from tests.support.session import Session, lastLine  # noqa: E402

SIZES = (0, 1, 8191, 8192, 8193, 64 * 1024 + 1)
MIB = 1024 * 1024
_HELD = 300_000
"""More than the printer's own buffers hold (10 of 8 KiB), and ours."""

_SCRATCH = Path(os.environ["TMPDIR"])
_PARALLEL = _SCRATCH / "printed" / "parallel"


def noise(count: int) -> bytes:
    """A job of a language nobody knows, each with its own bytes."""
    return random.Random(count).randbytes(count)


class Guest:
    """What stands in the guest."""

    def __init__(self) -> None:
        self.laser = Printer(0, "FakeJet 1", "12345")
        self.broken = ScriptedPrinter(1, "BreakJet 2", "67890", _SCRATCH / "scripted")
        self.port = Adapter()
        self.laser.plug()
        self.broken.plug()
        self.laser.switchOn()
        laser = "usb://Acme/FakeJet%201?serial=12345"
        self.gateway = self._gateway(
            *("parallel:/dev/lp0", f"usb:{self.laser.node}", "usb://Acme/BreakJet%202"),
            f"parallel:{self.port.node}",
        )
        self.byName = self._gateway(laser)  # a device has one printing port of a gateway
        self.oneWay = self._gateway(f"{laser}&bidir=off")

    def _gateway(self, *uris: str) -> Gateway:
        place = Path(tempfile.mkdtemp(dir=_SCRATCH))
        words = ["--connect-timeout", "3", "--drain-timeout", "1", "--max-sessions", "10"]
        return Gateway(place, *words, *(word for uri in uris for word in ("--printer", uri)))

    def session(self, port: int) -> Session:
        """A session in the directory of a printing port, as the first lines here number them."""
        of = {3: (self.byName, 1), 4: (self.oneWay, 1), 5: (self.gateway, 3), 6: (self.gateway, 4)}
        gateway, number = of.get(port, (self.gateway, port))
        session = Session(gateway.port)
        assert session.say(f"CWD PORT{number}").startswith("250")
        return session

    def send(self, port: int, data: bytes) -> str:
        """The last reply to an upload."""
        with self.session(port) as session:
            try:
                return lastLine(session.send(data))
            except ftplib.error_temp as refused:  # before the transfer
                return lastLine(str(refused))

    def begin(self, port: int, data: bytes) -> Upload:
        """An upload that goes on meanwhile."""
        return Upload(self.session(port), data)


class Upload:
    """
    One that is not over yet.

    @ivar session: its control connection.
    """

    def __init__(self, session: Session, data: bytes) -> None:
        self.session = session
        self._wire = session.upload()
        self._thread = threading.Thread(target=self._send, args=(data,), daemon=True)
        self._thread.start()

    def _send(self, data: bytes) -> None:
        try:
            self._wire.settimeout(None)
            self._wire.sendall(data)
        except OSError:
            pass
        finally:
            self._wire.close()

    def end(self) -> str:
        """Wait for the last reply."""
        self._thread.join(60)
        reply = lastLine(self.session.reply())
        self.session.close()
        return reply


def expect(reply: str, code: int, text: str = "") -> None:
    """@raise AssertionError: it is another reply."""
    assert reply.startswith(f"{code} ") and text in reply, reply


def same(got: bytes, wanted: bytes) -> str:
    """@raise AssertionError: they differ."""
    if got != wanted:
        pairs = enumerate(zip(got, wanted, strict=False))
        first = next((at for at, (a, b) in pairs if a != b), min(len(got), len(wanted)))
        raise AssertionError(f"{len(got)} bytes instead of {len(wanted)}, other from {first} on")
    return f"{len(got)} bytes identical, sha256 {hashlib.sha256(got).hexdigest()[:12]}"


def prints(guest: Guest, port: int, data: bytes) -> str:
    """Print on the first USB printer."""
    expect(guest.send(port, data), 226, f"{len(data)} bytes, delivered")
    return same(guest.laser.taken(len(data)), data)


def banner(guest: Guest) -> str:
    """Device IDs name the printers in the banner"""
    with Session(guest.gateway.port, login=False) as session:
        session.say("USER guest")
        text = session.say("PASS guest")
    assert text.count("Acme FakeJet 1") == 1 and text.count("Acme BreakJet 2") == 1, text
    return next(line for line in text.splitlines() if "FakeJet" in line).strip()


def parallel(guest: Guest) -> str:
    """Parallel port: 0 B, 1 B, 8191 to 8193 B, 64 KiB + 1"""
    return "; ".join(str(len(_parallel(guest, noise(size)))) for size in SIZES) + " B identical"


def parallelLarge(guest: Guest) -> str:
    """Parallel port: 1 MiB"""
    began = time.monotonic()
    data = _parallel(guest, noise(MIB))
    return f"{same(data, noise(MIB))}; {MIB / 1024 / (time.monotonic() - began):.0f} KiB/s"


def _parallel(guest: Guest, data: bytes) -> bytes:
    before = _PARALLEL.stat().st_size
    expect(guest.send(1, data), 226, f"{len(data)} bytes, delivered")
    until(lambda: _PARALLEL.stat().st_size >= before + len(data), "a job")
    got = _PARALLEL.read_bytes()[before:]
    same(got, data)
    return got


def parallelInUse(guest: Guest) -> str:
    """Parallel port that another program has: 450"""
    other = os.open("/dev/lp0", os.O_WRONLY)
    try:
        reply = guest.send(1, b"x")
    finally:
        os.close(other)
    expect(reply, 450, "in use")
    return reply


def parallelTrouble(guest: Guest) -> str:
    """Parallel port out of paper, then offline: the job waits, STAT says why, then goes on"""
    data = noise(50_000)
    told = []
    job = None
    for lines, reason in ((PAPER_OUT, "media-empty"), (OFFLINE, "offline")):
        guest.port.stopAfter(len(guest.port.data) + 1000, lines)
        if job is None:
            job = guest.begin(6, data)
        else:
            guest.port.goOn()
        with Session(guest.gateway.port) as other:
            until(lambda r=reason: r in other.say("STAT PORT4"), reason)  # type: ignore[misc]
        told.append(reason)
    guest.port.goOn()
    assert job is not None
    expect(job.end(), 226, "delivered")
    return f"{', '.join(told)}; {same(bytes(guest.port.data), data)}"


def usb(guest: Guest) -> str:
    """USB: 0 B, 1 B, 8191 to 8193 B, 64 KiB + 1"""
    for size in SIZES:
        prints(guest, 2, noise(size))
    return "; ".join(map(str, SIZES)) + " B identical"


def usbLarge(guest: Guest) -> str:
    """USB: 32 MiB"""
    data = noise(32 * MIB)
    began = time.monotonic()
    said = prints(guest, 2, data)
    return f"{said}; {len(data) / 1024 / (time.monotonic() - began):.0f} KiB/s"


def drawn(guest: Guest) -> str:
    """A page of PostScript, on both; what the printers got is drawn by Ghostscript"""
    job = page("traps.ps")
    picture = render(job, _SCRATCH)
    got = _parallel(guest, job)
    expect(guest.send(2, job), 226, f"{len(job)} bytes, delivered")
    for each in got, guest.laser.taken(len(job)):
        assert render(each, _SCRATCH) == picture
    return f"{len(job)} bytes, the same picture of {len(picture)} bytes twice"


def usbByName(guest: Guest) -> str:
    """USB by maker, model and serial number, as CUPS names it; and with bidir=off"""
    return prints(guest, 3, noise(100_000)) + "; " + prints(guest, 4, noise(100_001))


def talkative(guest: Guest) -> str:
    """USB printer that talks all the time: nothing is disturbed"""
    guest.laser.paperOut()
    job = guest.begin(2, noise(_HELD))
    for _ in range(40):
        guest.laser.say(b"%%[ status: busy ]%%\r\n".ljust(1024, b"."))
    guest.laser.paperIn()
    expect(job.end(), 226, "delivered")
    return same(guest.laser.taken(_HELD), noise(_HELD)) + "; it said 40 KiB"


def paperOut(guest: Guest) -> str:
    """USB out of paper: the job waits, STAT says why, then goes on"""
    guest.laser.paperOut()
    job = guest.begin(2, noise(_HELD))
    told: list[str] = []
    with Session(guest.gateway.port) as other:
        began = time.monotonic()
        until(lambda: _told(other, told), "the reason in STAT")
        seconds = time.monotonic() - began
        time.sleep(5)
        assert _told(other, told), told
    guest.laser.paperIn()
    expect(job.end(), 226, "delivered")
    said = same(guest.laser.taken(_HELD), noise(_HELD))
    return f"{told[-1]!r} after {seconds:.0f} s; {said}"


def _told(session: Session, told: list[str]) -> bool:
    told[:] = [line.strip() for line in session.say("STAT PORT2").splitlines() if "media" in line]
    return bool(told)


def switchedOff(guest: Guest) -> str:
    """USB: the last 8 KiB are waited for; STAT says offline"""
    data = noise(14 * 8192)
    guest.laser.paperOut()
    job = guest.begin(2, data)
    guest.laser.switchOff()
    with Session(guest.gateway.port) as other:
        until(lambda: "offline" in other.say("STAT PORT2"), "offline in STAT")
    guest.laser.switchOn()
    expect(job.end(), 226, "delivered")
    return same(guest.laser.taken(len(data)), data)


def halted(guest: Guest) -> str:
    """The gateway is halted (SIGSTOP) while the driver has a transfer: 551, nothing twice"""
    data = noise(_HELD)
    guest.laser.paperOut()
    job = guest.begin(2, data)
    with Session(guest.gateway.port) as other:
        until(lambda: _told(other, []), "the reason in STAT")
    guest.gateway.signal(signal.SIGSTOP)
    time.sleep(1)
    guest.gateway.signal(signal.SIGCONT)
    reply = job.end()
    expect(reply, 551, "halted")
    guest.laser.paperIn()
    time.sleep(1)
    got = guest.laser.taken(0)
    same(got, data[: len(got)])
    return (
        f"{reply[:60]}...; {len(got)} bytes, a beginning of the job; then {prints(guest, 2, data)}"
    )


def aborted(guest: Guest) -> str:
    """ABOR without paper: answered; with paper the tail comes out, and the next job"""
    data = b"%!PS" + noise(_HELD)
    guest.laser.paperOut()
    job = guest.begin(2, data)
    with Session(guest.gateway.port) as other:
        until(lambda: _told(other, []), "the reason in STAT")
    began = time.monotonic()
    job.session.putcmd("ABOR")
    expect(lastLine(job.session.reply()), 426)
    expect(lastLine(job.session.reply()), 226)
    seconds = time.monotonic() - began
    early = guest.send(2, b"next")
    expect(early, 450, "job before")
    guest.laser.paperIn()
    until(lambda: guest.laser.data.endswith(b"\x04"), "the tail")
    got = guest.laser.taken(0)
    same(got[:-1], data[: len(got) - 1])
    said = prints(guest, 2, noise(10_000))
    return f"after {seconds:.1f} s; meanwhile 450; {len(got) - 1} bytes and ^D; then {said}"


def stalled(guest: Guest) -> str:
    """USB printer that refuses a transfer (STALL): 551"""
    data = noise(100_000)
    job = guest.begin(5, data)
    got = guest.broken.take(16384)
    same(got, data[: len(got)])
    guest.broken.stall()
    reply = job.end()
    expect(reply, 551, "a transfer failed")
    return reply


def forgetful(guest: Guest) -> str:
    """Why the gateway lets the driver block: the same refused, written without blocking"""
    tries = 5  # an error that comes quickly enough is told
    for number in range(1, tries + 1):
        try:
            _writeWithoutBlocking(guest.broken.node, 100_000)
        except OSError:
            continue
        said = "the driver took 100000 bytes, was ready each time, and said nothing"
        return said + (f" ({number - 1} times before it did)" if number > 1 else "")
    raise AssertionError(f"the driver told of the error {tries} times")


def _writeWithoutBlocking(node: str, count: int) -> None:
    wire = os.open(node, os.O_WRONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(wire, select.POLLOUT)
    try:
        while count:
            assert poll.poll(5000), "the driver is not ready"
            count -= os.write(wire, bytes(min(8192, count)))
        assert poll.poll(5000), "the driver is not ready"
    finally:
        os.close(wire)


def unplugged(guest: Guest) -> str:
    """USB unplugged in mid-job: 551, the record says aborted"""
    data = noise(_HELD)
    guest.laser.paperOut()
    job = guest.begin(2, data)
    with Session(guest.gateway.port) as other:
        until(lambda: _told(other, []), "the reason in STAT")
    # A gadget that is in use when it goes would stop the guest (Linux 6.1).
    guest.laser.switchOff()
    guest.laser.unplug()
    reply = job.end()
    expect(reply, 551)
    number = int(reply.split("ob ")[1].split()[0])
    record = guest.gateway.jobEnd(number)
    assert record.startswith("aborted"), record
    return f"{reply}; {record[:40]}..."


def absent(guest: Guest) -> str:
    """USB that is not plugged in: 450"""
    by = [guest.send(port, b"x") for port in (2, 3)]
    for reply in by:
        expect(reply, 450)
    return by[1]


def replugged(guest: Guest) -> str:
    """USB plugged in again, under another number: found by its name, prints"""
    before = guest.broken.node
    guest.broken.unplug()
    guest.broken.plug()
    guest.laser.plug()
    guest.laser.switchOn()
    guest.laser.taken(0)
    said = prints(guest, 3, noise(50_000))
    return f"{guest.laser.node} (the other: {before}, then {guest.broken.node}); {said}"


def unpluggedAtTheEnd(guest: Guest) -> str:
    """USB unplugged when the sender has sent all, and the driver has the last piece: 551"""
    data = noise(11 * 8192)
    guest.laser.paperOut()
    job = guest.begin(3, data)
    with Session(guest.byName.port) as other:
        until(lambda: "media" in other.say("STAT PORT1"), "the reason in STAT")
    guest.laser.switchOff()
    guest.laser.unplug()
    reply = job.end()
    expect(reply, 551)
    return reply


def stopped(guest: Guest) -> str:
    """The gateway is stopped while the printer is out of paper: 551, and it ends"""
    guest.laser.plug()
    guest.laser.switchOn()
    guest.laser.paperOut()
    job = guest.begin(3, noise(_HELD))
    with Session(guest.byName.port) as other:
        until(lambda: "media" in other.say("STAT PORT1"), "the reason in STAT")
    began = time.monotonic()
    guest.byName.signal(signal.SIGTERM)
    reply = job.end()
    expect(reply, 551, "shutting down")
    status = guest.byName.waitForEnd()
    assert status == -signal.SIGTERM, status
    return f"{reply}; it ended after {time.monotonic() - began:.1f} s"


CHECKS: tuple[Callable[[Guest], str], ...] = (
    *(banner, parallel, parallelLarge, parallelInUse, parallelTrouble),
    *(usb, usbLarge, drawn, usbByName, talkative, paperOut, switchedOff, halted, aborted),
    *(stalled, forgetful, unplugged, absent, replugged, unpluggedAtTheEnd, stopped),
)


def main() -> None:
    """Make all checks, one line each; the last line tells whether all is well."""
    began = time.monotonic()
    print(f"Linux {platform.release()}, Python {platform.python_version()}", flush=True)
    guest = Guest()
    print(f"ready after {time.monotonic() - began:.0f} s", flush=True)
    failures = 0
    for check in CHECKS:
        title = (check.__doc__ or "").strip()
        started = time.monotonic()
        try:
            said = check(guest)
        except Exception as problem:
            failures += 1
            said = f"FAILED: {problem}"
            traceback.print_exc()
        seconds = time.monotonic() - started
        told = textwrap.fill(
            f"{said} ({seconds:.0f} s)",
            90,
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
        )
        print(f"{title}\n{told}", flush=True)
    if failures:
        print(guest.gateway.log, flush=True)
    print("all is well" if not failures else f"{failures} failed", flush=True)


if __name__ == "__main__":
    main()
