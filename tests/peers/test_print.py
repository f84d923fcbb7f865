"""
Real clients print real pages: each arrives once, byte for byte, and the 226 says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import CLIENTS, Address, Client, Result, curl, run, typed
from tests.support.debian import program
from tests.support.gateway import IPV4, IPV6, Gateway
from tests.support.p910nd import P910nd
from tests.support.pages import PAGES, page
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, delivered, lastLine

#: The addresses on which each gateway here listens, and at which its printers do.
V4, V6 = "127.0.0.1", "::1"


class Printers:
    """
    A gateway that listens on IPv4 and IPv6, before an IPv4 printer and an IPv6 printer.
    """

    def __init__(self, directory: Path) -> None:
        self.printers = [RawPrinter(host=V4), RawPrinter(host=V6)]
        options = [word for printer in self.printers for word in ("--printer", printer.uri())]
        self.gateway = Gateway(directory, "--port", IPV4, "--port", IPV6, *options)
        self._seen = [0, 0]

    def address(self, host: str, passive: bool = True) -> Address:
        """The gateway's address in one of the two families."""
        return Address(self.gateway.ports[[V4, V6].index(host)], host, passive)

    def news(self, number: int) -> list[bytes]:
        """
        The jobs which a printer got since the last question.

        Nothing is waited for: what a 226 called delivered is there.

        @param number: of the printing port, from 1.
        """
        jobs, seen = self.printers[number - 1].jobs, self._seen[number - 1]
        self._seen[number - 1] = len(jobs)
        return jobs[seen:]

    def close(self) -> None:
        """End everything."""
        self.gateway.stop()
        for printer in self.printers:
            printer.stop()


@pytest.fixture(scope="module")
def onePair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printers]:
    """
    One gateway for all tests of this module.
    """
    made = Printers(tmp_path_factory.mktemp("printers"))
    yield made
    made.close()


@pytest.fixture
def printers(onePair: Printers) -> Printers:
    """
    The gateway, whatever an earlier test left behind.
    """
    onePair.news(1)
    onePair.news(2)
    return onePair


def lay(directory: Path, *names: str) -> list[Path]:
    """Put pages into files of their own names."""
    files = [directory / name for name in names]
    for file in files:
        file.write_bytes(page(file.name))
    return files


def assertDelivered(result: Result, port: str, sizes: list[int]) -> None:
    """The client is content and heard one good 226 for each job, in order."""
    assert result.code == 0, result.output
    heard = re.findall(r"226 Transfer complete.*$", result.output, re.MULTILINE)
    assert len(heard) == len(sizes), result.output
    for line, size in zip(heard, sizes, strict=True):
        assert re.search(delivered(port, size), line.rstrip()), result.output


@pytest.mark.parametrize("host", [V4, V6])
@pytest.mark.parametrize("passive", [True, False], ids=["passive", "active"])
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_clientPrintsEveryPageInOneSession(
    client: Client, passive: bool, host: str, printers: Printers, tmp_path: Path
) -> None:
    """
    One login prints all pages, each once and unchanged, however the data connections are made.
    """
    files = lay(tmp_path, *PAGES)
    result = client(printers.address(host, passive), files)
    assert printers.news(1) == [page(name) for name in PAGES]
    assertDelivered(result, "PORT1", [len(page(name)) for name in PAGES])


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_clientPrintsOnePageInASession(
    client: Client, name: str, printers: Printers, tmp_path: Path
) -> None:
    """
    A login for a single page prints it once and unchanged.
    """
    result = client(printers.address(V4), lay(tmp_path, name))
    assert printers.news(1) == [page(name)]
    assertDelivered(result, "PORT1", [len(page(name))])


def test_p910ndPrintsForEveryClient(tmp_path: Path) -> None:
    """
    A real printer daemon gets the pages of all clients one after the other, and nothing else.
    """
    expected = b""
    with P910nd() as printer:
        with Gateway(tmp_path, "--printer", printer.uri()) as gateway:
            for client in CLIENTS.values():
                for name in PAGES:
                    result = client(Address(gateway.port), lay(tmp_path, name))
                    assertDelivered(result, "PORT1", [len(page(name))])
                    expected += page(name)
                    # What the 226 calls delivered has left the daemon already.
                    assert printer.waitFor(len(expected)) == expected
        assert printer.stop() == expected


@pytest.mark.parametrize("name", ["tnftp", "inetutils-ftp"])
def test_putWithAPortPrintsThere(name: str, printers: Printers, tmp_path: Path) -> None:
    """
    C{put file port2} prints on that port, and the session stays where it was.
    """
    lay(tmp_path, "traps.ps", "traps.pcl")
    commands = ["bin", "put traps.ps port2", "put traps.pcl"]
    result = typed(name, printers.address(V4), tmp_path, *commands)
    assert printers.news(2) == [page("traps.ps")]
    assert printers.news(1) == [page("traps.pcl")]
    for port, printed in ("PORT2", "traps.ps"), ("PORT1", "traps.pcl"):
        heard = delivered(port, len(page(printed)))
        assert re.search(heard, result.output, re.MULTILINE), result.output


@pytest.mark.parametrize("name", ["tnftp", "inetutils-ftp"])
def test_cdChoosesThePort(name: str, printers: Printers, tmp_path: Path) -> None:
    """
    After C{cd port2}, in any case, files are printed there; C{cd /} leads back to the default.
    """
    lay(tmp_path, "traps.ps", "page.pcl")
    commands = ["bin", "cd PoRt2", "put traps.ps", "cd /", "put page.pcl"]
    result = typed(name, printers.address(V4), tmp_path, *commands)
    assert result.code == 0, result.output
    assert printers.news(2) == [page("traps.ps")]
    assert printers.news(1) == [page("page.pcl")]


def test_curlUrlChoosesThePort(printers: Printers, tmp_path: Path) -> None:
    """
    A port in a URL is where curl prints.
    """
    [file] = lay(tmp_path, "traps.ps")
    address = printers.address(V4)
    result = run([program("curl"), "-sSvT", str(file), address.url + "PORT2/"], tmp_path)
    assert printers.news(2) == [page("traps.ps")]
    assertDelivered(result, "PORT2", [len(page("traps.ps"))])


def test_asciiModeChangesNothing(printers: Printers) -> None:
    """
    What a client sends after C{TYPE A} is printed as it was sent.
    """
    with Session(printers.address(V4).port) as session:
        for name in PAGES:
            assert session.say("TYPE A").startswith("200")
            with session.transfercmd(f"STOR {name}") as wire:
                wire.sendall(page(name))
            assert re.search(delivered("PORT1", len(page(name))), lastLine(session.reply()))
    assert printers.news(1) == [page(name) for name in PAGES]


def test_curlAsciiModeChangesNothing(printers: Printers, tmp_path: Path) -> None:
    """
    C{curl -B} converts line ends itself; what it sends is printed as it was sent.
    """
    file = tmp_path / "traps.txt"
    data = page("traps.bin").replace(b"\n", b"\v")
    file.write_bytes(data)
    result = curl(printers.address(V4), [file], "-B")
    assert printers.news(1) == [data]
    assertDelivered(result, "PORT1", [len(data)])


def test_emptyFileIsAJob(printers: Printers, tmp_path: Path) -> None:
    """
    A file without bytes gets its 226, and no printer hears a byte of it.
    """
    with Session(printers.address(V4).port) as session:
        assert re.search(delivered("PORT1", 0), lastLine(session.send(b"")))
        assert re.search(delivered("PORT1", 4), lastLine(session.send(b"next")))
    assert b"".join(printers.news(1)) == b"next"
