"""
The operator's test page: in three languages, and as a job of its own.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from twisted.internet.task import Clock

from jetdirect.interfaces import Delivery, PrinterStatus
from jetdirect.named import NamedPrinter, PortSettings
from jetdirect.options import networks
from jetdirect.record import JobState
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter
from jetdirect.testpage import LANGUAGES, languageOf
from jetdirect.testpage import testPage as made

LINES = ["ward3: (Ward) \\ 3", "\x1bE evil", "Grüße"]


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ([], "text"),
        (["PJL", "PCL", "POSTSCRIPT"], "pcl"),
        (["PCL5e"], "pcl"),
        (["PCLXL", "POSTSCRIPT"], "postscript"),
        (["PostScript Level 3"], "postscript"),
        (["application/vnd.hp-PCL", "image/urf"], "pcl"),
        (["application/postscript", "text/plain"], "postscript"),
        (["ZPL", "image/urf", "application/octet-stream"], "text"),
    ],
)
def test_languageOf(words: list[str], language: str) -> None:
    """A printer gets what it says that it knows, else text."""
    assert languageOf(words) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_page(language: str) -> None:
    """Nothing in a line is a command; the page is one page, and ends."""
    page = made(language, LINES)
    assert page.isascii() and b"ward3" in page and rb"\x1b" in page.replace(b"\\\\", b"\\")
    if language == "postscript":
        assert page.startswith(b"%!PS") and page.count(b"showpage") == 1
        assert rb"(ward3: \(Ward\) \\ 3) show" in page
    else:
        assert page.count(b"\x1bE") == (2 if language == "pcl" else 0)
        assert page.count(b"\f") == 1 and page.replace(b"\r\n", b"").count(b"\n") == 0


def test_noLanguage() -> None:
    """There are only three."""
    with pytest.raises(ValueError, match="choose one of text, pcl, postscript"):
        made("zpl", LINES)


@pytest.mark.skipif(shutil.which("gs") is None, reason="needs Ghostscript")
def test_ghostscript() -> None:
    """An interpreter shows the PostScript as text, line by line."""
    command = ["gs", "-q", "-dSAFER", "-sDEVICE=txtwrite", "-o", "-", "-"]
    done = subprocess.run(command, input=made("postscript", LINES), capture_output=True, timeout=60)
    assert done.returncode == 0 and b"ward3: (Ward) \\ 3" in done.stdout


def served(printer: Any, **set: Any) -> PrintServer:
    """A server with one port."""
    return PrintServer([NamedPrinter("ward3", printer, 3, (), PortSettings(**set))], Clock())


def test_job() -> None:
    """It is a job of the operator's, in its turn; no port refuses it for where it comes from."""
    printer = FakePrinter("Ward 3")
    server = served(printer, allow=list(networks("10.0.0.0/8")), location="Room 12")
    job = server.printTestPage(server.ports[0])
    assert (job.user, job.name, job.state) == ("operator", "test page", JobState.COMPLETED)
    assert job.record.delivery == Delivery.DELIVERED.value
    assert (
        b"ward3, PORT3: Ward 3\r\n" in printer.jobs[0].data and b"Room 12" in printer.jobs[0].data
    )
    printer.status = PrinterStatus(languages=("PJL", "PCL"))
    server.printTestPage(server.ports[0])
    server.printTestPage(server.ports[0], "postscript")
    assert [job.data[:2] for job in printer.jobs[1:]] == [b"\x1bE", b"%!"]
    with pytest.raises(ValueError, match="choose one of"):
        server.printTestPage(server.ports[0], "zpl")
    assert len(server.jobs) == 3


def test_notPrinted() -> None:
    """A page that cannot be printed is a job that ends, and nothing else."""
    printer = FakePrinter("Ward 3")
    printer.hesitant = True
    server = served(printer)
    first, second = (server.printTestPage(server.ports[0]) for _ in range(2))
    server.cancel(second.number)
    assert second.state is JobState.CANCELED and not first.ended
    printer.jobs[0].answer()
    assert first.state is JobState.COMPLETED and len(printer.jobs) == 1
