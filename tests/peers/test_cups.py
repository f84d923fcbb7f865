"""
Jobs through CUPS: its print server by LPD and IPP, and its model of an IPP printer.
"""

from __future__ import annotations

import http.client
import random
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jetdirect.transports.ipp.rfc8010 import INTEGER, NAME, URI, Attribute, request
from jetdirect.transports.ipp.rfc8011 import CANCEL_JOB
from tests.support.clients import Address, curl
from tests.support.cups import LPDServer, PrintServer
from tests.support.gateway import Gateway
from tests.support.ippeveprinter import IPPPrinter
from tests.support.peer import PATIENCE
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, delivered, lastLine, push, streamDigest

pytestmark = pytest.mark.long

SIZES = [1, 8191, 8192, 8193, 65537]

MIB = 1024 * 1024

#: What a gateway may grow by while one job goes through it.
GROWTH = 8 * MIB


def page(size: int) -> bytes:
    """All byte values, and what ippeveprinter takes for PostScript, if there is room."""
    noise = bytes(range(256)) + random.Random(size).randbytes(size)
    return noise[:size] if size < 8 else (b"%!PS\n" + noise)[:size]


class Spooler:
    """
    A print server with both of its protocols, and the printer behind it.

    @ivar printer: what CUPS prints on.
    """

    def __init__(self, keep: bool = True) -> None:
        self.printer = RawPrinter(keep=keep)
        self.server = PrintServer(self.printer.uri())
        self.lpd = LPDServer(self.server)

    def uri(self, scheme: str, *options: str, queue: str = "raw") -> str:
        """The queue's device URI."""
        peer = self.lpd if scheme == "lpd" else self.server
        return peer.uri(*options, queue=queue)

    def stop(self) -> None:
        for peer in (self.lpd, self.server, self.printer):
            peer.stop()


@pytest.fixture(scope="module")
def spooler() -> Iterator[Spooler]:
    """One for all tests."""
    made = Spooler()
    yield made
    made.stop()


LEVELS = {"lpd": "delivered", "ipp": "confirmed"}


@pytest.mark.parametrize("announced", [True, False], ids=["ALLO", ""])
@pytest.mark.parametrize("scheme", LEVELS)
def test_everyByteThroughThePrintServer(
    scheme: str, announced: bool, spooler: Spooler, tmp_path: Path
) -> None:
    """Jobs of awkward sizes; an empty one is none."""
    with (
        Gateway(tmp_path, "--printer", spooler.uri(scheme)) as gateway,
        Session(gateway.port) as session,
    ):
        before = len(spooler.printer.callers)
        session.say("TYPE I")
        for count, size in enumerate([0, *SIZES]):
            if announced:
                session.say(f"ALLO {size}")
            reply = session.send(page(size))
            assert re.search(delivered("PORT1", size, r"[a-z]+"), lastLine(reply)), reply
            if size:
                assert lastLine(reply).endswith(f"{LEVELS[scheme]})")
                assert spooler.printer.waitForJob(before + count) == page(size)
        assert len(spooler.printer.callers) == before + len(SIZES)


def test_everyByteThroughAnIPPPrinter(tmp_path: Path) -> None:
    """The same at ippeveprinter, which finds out what it gets by the first eight bytes."""
    with (
        IPPPrinter(tmp_path / "printer") as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        sizes = [0, *SIZES[1:]]
        for size in sizes:
            reply = session.send(page(size))
            level = "confirmed" if size else "delivered"
            assert re.search(delivered("PORT1", size, level), lastLine(reply)), reply
        assert printer.printed == [page(size) for size in sizes if size]
        said = session.say("STAT port1")
        assert "Example Printer" in said
        assert "idle" in said


def test_curl(spooler: Spooler, tmp_path: Path) -> None:
    """A real client, which does not announce the size."""
    file = tmp_path / "page.ps"
    file.write_bytes(page(65537))
    printers = [word for scheme in LEVELS for word in ("--printer", spooler.uri(scheme))]
    with Gateway(tmp_path, *printers) as gateway:
        for port, level in enumerate(LEVELS.values(), 1):
            before = len(spooler.printer.callers)
            result = curl(Address(gateway.port), [file], "--quote", f"CWD port{port}")
            assert result.code == 0, result.output
            assert f"(PORT{port}, job {port}, 65537 bytes, {level})" in result.output
            assert spooler.printer.waitForJob(before + 1) == page(65537)


@pytest.mark.parametrize(("scheme", "announced"), [("lpd", True), ("lpd", False), ("ipp", False)])
def test_largeJob(scheme: str, announced: bool, tmp_path: Path) -> None:
    """32 MiB arrive, and the gateway never has more than a part of them."""
    size = 32 * MIB
    large = Spooler(keep=False)
    try:
        with (
            Gateway(tmp_path, "--printer", large.uri(scheme)) as gateway,
            Session(gateway.port) as session,
        ):
            session.send(bytes(1000))
            before = gateway.memory()
            session.say("TYPE I")
            if announced:
                session.say(f"ALLO {size}")
            with session.upload() as wire:
                assert push(wire, size, patience=60) == size
            reply = session.reply()
            assert re.search(delivered("PORT1", size, LEVELS[scheme]), lastLine(reply)), reply
            large.printer.waitForJob(2, 60)
            assert large.printer.callers[1].digest == streamDigest(size)
            assert gateway.memory("VmHWM") - before < GROWTH
    finally:
        large.stop()


def begun(session: Session, size: int) -> socket.socket:
    """The data connection of a job of which the gateway has so many bytes."""
    wire = session.upload()
    wire.sendall(page(size))
    deadline = time.monotonic() + PATIENCE
    while f"{size} bytes" not in (said := session.say("STAT")):
        assert time.monotonic() < deadline, said
    return wire


def kill(gateway: Gateway, size: int | None = None) -> None:
    """End the gateway at once in the middle of a job."""
    session = Session(gateway.port)
    session.say("TYPE I")
    if size is not None:
        session.say(f"ALLO {size}")
    with begun(session, 400_000):
        gateway.signal(signal.SIGKILL)
        gateway.waitForEnd()
    session.close()


def cutByABOR(session: Session, wire: socket.socket) -> str:
    with wire:  # its end could overtake ABOR
        return session.say("ABOR")


def cutByReset(session: Session, wire: socket.socket) -> str:
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wire.close()
    return session.reply()


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("lpd", 500_000), ("lpd", None), ("ipp", None), ("ipp", 500_000), ("ipp", 400_000)],
)
def test_cutJobsAreNotPrinted(
    scheme: str, size: int | None, spooler: Spooler, tmp_path: Path
) -> None:
    """Neither print server prints a job that was cut, and the next one prints."""
    unsent = scheme == "lpd" and size is None
    with (
        Gateway(tmp_path, "--printer", spooler.uri(scheme)) as gateway,
        Session(gateway.port) as session,
    ):
        before = len(spooler.printer.callers)
        session.say("TYPE I")
        for number, cut in (1, cutByABOR), (2, cutByReset):
            if size is not None:
                session.say(f"ALLO {size}")
            reply = cut(session, begun(session, 400_000))
            assert reply[:3] == ("426" if cut is cutByABOR else "451" if unsent else "551"), reply
            if reply.startswith("426"):
                assert session.reply().startswith("226")
            assert gateway.jobEnd(number).startswith(("aborted", "canceled"))
        reply = session.send(page(8192))
        assert reply.startswith("226"), reply
        assert spooler.printer.waitForJob(before + 1) == page(8192)
        assert len(spooler.printer.callers) == before + 1


@pytest.mark.parametrize("size", [None, 500_000, 400_000])
def test_cutJobIsNotPrintedByAnIPPPrinter(size: int | None, tmp_path: Path) -> None:
    """Nor does the printer, for which a connection that breaks between two chunks is an end."""
    with (
        IPPPrinter(tmp_path / "printer") as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        for _ in range(5):
            session.say("TYPE I")
            if size is not None:
                session.say(f"ALLO {size}")
            assert cutByABOR(session, begun(session, 400_000)).startswith("426")
            assert session.reply().startswith("226")
        reply = session.send(page(8192))
        assert re.search(delivered("PORT1", 8192, "confirmed"), lastLine(reply)), reply
        assert printer.printed == [page(8192)]


def test_noQueue(spooler: Spooler, tmp_path: Path) -> None:
    """A queue that is not there, and one that takes no jobs: the sender hears so before 150."""
    uris = [spooler.uri(scheme, queue=queue) for scheme in LEVELS for queue in ("nobody", "raw")]
    printers = [word for uri in uris for word in ("--printer", uri)]
    spooler.server.set("cupsreject")
    try:
        with (
            Gateway(tmp_path, *printers, "--connect-timeout", "0") as gateway,
            Session(gateway.port) as session,
        ):
            for number, uri in enumerate(uris, 1):
                session.say("PASV")
                reply = session.say(f"STOR port{number}/page.ps")
                assert reply.startswith("450"), (uri, reply)
                assert "refused" in reply or "does not accept jobs" in reply
    finally:
        spooler.server.set("cupsaccept")


def test_stoppedQueue(spooler: Spooler, tmp_path: Path) -> None:
    """A queue that keeps jobs and does not print has them: delivered, not confirmed."""
    before = len(spooler.printer.callers)
    spooler.server.set("cupsdisable")
    try:
        with (
            Gateway(tmp_path, "--printer", spooler.uri("ipp", "finish-timeout=0.5")) as gateway,
            Session(gateway.port) as session,
        ):
            reply = session.send(page(100))
            assert re.search(delivered("PORT1", 100, "delivered"), lastLine(reply)), reply
            session.say("STAT port1")
            gateway.waitFor("job 1 on PORT1: completed")
    finally:
        spooler.server.set("cupsenable")
    assert spooler.printer.waitForJob(before + 1) == page(100)


def test_canceledInTheQueue(spooler: Spooler, tmp_path: Path) -> None:
    """A job that is canceled while it waits in CUPS is lost, and the sender hears it."""
    before = len(spooler.printer.callers)
    spooler.server.set("cupsdisable")
    try:
        with (
            Gateway(tmp_path, "--printer", spooler.uri("ipp")) as gateway,
            Session(gateway.port) as session,
        ):
            with session.upload() as wire:
                wire.sendall(page(100))
            spooler.server.cancelNext()
            reply = session.reply()
            assert reply.startswith("551"), reply
    finally:
        spooler.server.set("cupsenable")
    assert len(spooler.printer.callers) == before


# What becomes of a job at the printer


def test_printerFails(tmp_path: Path) -> None:
    """It has the whole job, and says that it did not print it."""
    with (
        IPPPrinter(tmp_path / "printer", "exit 1") as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        reply = session.send(page(1000))
        assert reply.startswith("551"), reply
        assert "the printer has aborted the job" in reply


#: Prints when the test makes a file.
WAITS = """
touch "$PAPER/begun"
while [ ! -e "$PAPER/gate" ]; do sleep 0.05; done
cat "$1" >"$PAPER/.page" && mv "$PAPER/.page" "$PAPER/page"
"""


def test_slowPrinter(tmp_path: Path) -> None:
    """One that needs longer than the finish time-out has the job; then others find it busy."""
    with (
        IPPPrinter(tmp_path / "printer", WAITS) as printer,
        Gateway(
            tmp_path,
            *("--printer", printer.uri("finish-timeout=0.5")),
            *("--printer", printer.uri("waitjob=off")),
            *("--printer", printer.uri()),
            *("--connect-timeout", "0"),
        ) as gateway,
        Session(gateway.port) as session,
    ):
        reply = session.send(page(1000))
        assert re.search(delivered("PORT1", 1000, "delivered"), lastLine(reply)), reply
        printer.waitForPaper("begun")
        session.say("PASV")
        reply = session.say("STOR port2/page.ps")
        assert reply.startswith("450"), reply
        assert "0x0507" in reply
        (printer.paper / "gate").touch()
        printer.waitForPaper("page")
        assert (printer.paper / "page").read_bytes() == page(1000)
        for port, level in ("port2", "delivered"), ("port3", "confirmed"):
            reply = _sendUntilTaken(session, port)
            assert re.search(delivered(port.upper(), 1000, level), lastLine(reply)), reply


def _sendUntilTaken(session: Session, port: str) -> str:
    # The page is out a moment before the printer calls itself idle.
    for _ in range(1000):
        session.say("TYPE I")
        try:
            return session.send(page(1000), f"{port}/page.ps")
        except Exception as why:
            assert str(why).startswith("450"), why
    raise AssertionError("it is still busy")


def test_canceledAtThePrinter(tmp_path: Path) -> None:
    """Somebody presses the button: the job is lost, and the sender hears it."""
    with (
        IPPPrinter(tmp_path / "printer", WAITS) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(page(1000))
        printer.waitForPaper("begun")
        cancel(printer.port, 1)
        (printer.paper / "gate").touch()
        reply = session.reply()
        assert reply.startswith("551"), reply
        assert "the printer has canceled the job" in reply


def cancel(port: int, number: int) -> None:
    """Cancel the printer's job of that number."""
    where = Attribute(URI, "printer-uri", [f"ipp://localhost:{port}/ipp/print"])
    which, who = (
        Attribute(INTEGER, "job-id", [number]),
        Attribute(NAME, "requesting-user-name", ["x"]),
    )
    line = http.client.HTTPConnection("localhost", port, timeout=20)
    body = request(CANCEL_JOB, 1, [where, which, who])
    line.request("POST", "/ipp/print", body, {"Content-Type": "application/ipp"})
    answer = line.getresponse().read()
    line.close()
    assert answer[2:4] == b"\0\0", answer


def test_senderAbortsWhilePrinting(tmp_path: Path) -> None:
    """ABOR when the printer has all of it: the printer is asked to cancel the job."""
    with (
        IPPPrinter(tmp_path / "printer", WAITS) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(page(1000))
        printer.waitForPaper("begun")
        assert session.say("ABOR").startswith("426")
        assert session.reply().startswith("226")
        assert gateway.jobEnd(1).startswith("canceled")
        (printer.paper / "gate").touch()
        reply = _sendUntilTaken(session, "port1")
        assert re.search(delivered("PORT1", 1000, "confirmed"), lastLine(reply)), reply


@pytest.mark.parametrize(("option", "code"), [("tls=any", "226"), ("tls=verify", "450")])
def test_encrypted(option: str, code: str, tmp_path: Path) -> None:
    """The printer's own certificate is one that nobody signed."""
    with IPPPrinter(tmp_path / "printer") as printer:
        printer.makeCertificate()
        uri = printer.uri(option, scheme="ipps")
        with (
            Gateway(tmp_path, "--printer", uri, "--connect-timeout", "0") as gateway,
            Session(gateway.port) as session,
        ):
            session.say("TYPE I")
            try:
                reply = session.send(page(65537))
            except Exception as why:
                reply = str(why)
            assert reply.startswith(code), reply
            assert printer.printed == ([page(65537)] if code == "226" else [])
            assert code == "226" or "not trusted" in reply


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("lpd", 500_000), ("lpd", None), ("ipp", None), ("ipp", 500_000), ("ipp", 400_000)],
)
def test_killedGateway(scheme: str, size: int | None, spooler: Spooler, tmp_path: Path) -> None:
    """What a gateway leaves behind that is killed in mid-job is no job for a print server."""
    before = len(spooler.printer.callers)
    with Gateway(tmp_path, "--printer", spooler.uri(scheme)) as gateway:
        kill(gateway, size)
    with (
        Gateway(tmp_path, "--printer", spooler.uri(scheme)) as gateway,
        Session(gateway.port) as session,
    ):
        assert session.send(page(8192)).startswith("226")
    assert spooler.printer.waitForJob(before + 1) == page(8192)
    assert len(spooler.printer.callers) == before + 1


@pytest.mark.parametrize("size", [None, 500_000, 400_000])
@pytest.mark.parametrize("scheme", ["ipp", "ipps"])
def test_killedGatewayBeforeAnIPPPrinter(scheme: str, size: int | None, tmp_path: Path) -> None:
    """Nor for a printer that takes the orderly end of a connection for the end of a job."""
    with IPPPrinter(tmp_path / "printer") as printer:
        if scheme == "ipps":
            printer.makeCertificate()
        uri = printer.uri(*["tls=any"] * (scheme == "ipps"), scheme=scheme)
        for _ in range(2):
            with Gateway(tmp_path, "--printer", uri) as gateway:
                kill(gateway, size)
        with Gateway(tmp_path, "--printer", uri) as gateway, Session(gateway.port) as session:
            assert _sendUntilTaken(session, "port1").startswith("226")
        assert printer.printed == [page(1000)]
