"""
Clients that name the printing port in their own ways: the paper comes out there, or nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.clients import run
from tests.support.gateway import Gateway
from tests.support.packages import program
from tests.support.rawprinter import RawPrinter

PAGE = b"%!PS\nshowpage\n" * 100


class TwoPrinters:
    """
    A gateway with three printers.

    @ivar home: a directory for clients; C{file} is in it.
    """

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self.printers = [stack.enter_context(RawPrinter()) for _ in range(3)]
        printers = [f"--printer={printer.uri()}" for printer in self.printers]
        self.gateway = stack.enter_context(Gateway(directory, *printers, "--max-sessions=20"))
        self.home = directory / "home"
        self.home.mkdir()
        self.file = self.home / "page.ps"
        self.file.write_bytes(PAGE)
        self._seen = [0] * len(self.printers)

    def printed(self) -> dict[str, list[bytes]]:
        """What has come out of each port that printed since the last call."""
        found = {}
        for number, printer in enumerate(self.printers):
            before, self._seen[number] = self._seen[number], len(printer.callers)
            jobs = [printer.waitForJob(n + 1) for n in range(before, self._seen[number])]
            if jobs:
                found[f"PORT{number + 1}"] = jobs
        return found


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoPrinters]:
    """One for all."""
    with ExitStack() as stack:
        yield TwoPrinters(stack, tmp_path_factory.mktemp("two"))


def curl(two: TwoPrinters, path: str, *options: str) -> list[str]:
    """C{curl -T} to a path below the gateway."""
    to = f"ftp://127.0.0.1:{two.gateway.port}/{path}"
    words = ["-sS", "--path-as-is", "--max-time", "20", *options]
    return [program("curl"), *words, "-T", str(two.file), to]


@pytest.mark.parametrize("method", ["multicwd", "nocwd", "singlecwd"])
@pytest.mark.parametrize(
    "path",
    [
        *("PORT2/", "PORT2/a.ps", "PORT2", "port2/a.ps", "./PORT2/a.ps", "PORT2/./a.ps"),
        *("PORT1/../PORT2/a.ps", "/PORT2/a.ps", "/PORT2//a.ps", "PORT2%5Ca.ps", "PORT1/PORT2/a.ps"),
    ],
)
def test_curl(method: str, path: str, two: TwoPrinters) -> None:
    """curl goes to the file directory by directory, at once, or not at all."""
    result = run(curl(two, path, "--ftp-method", method), two.home)
    assert result.code == 0, result.output
    assert two.printed() == {"PORT2": [PAGE]}


@pytest.mark.parametrize("method", ["multicwd", "nocwd", "singlecwd"])
@pytest.mark.parametrize(
    "path", ["PORT13", "PORT13/a.ps", "prot2", "PORT%202", "'PORT2'", "PORT2;1"]
)
def test_curlAstray(method: str, path: str, two: TwoPrinters) -> None:
    """What names no port, but means one, is a failure of curl's, and no paper."""
    result = run(curl(two, path, "--ftp-method", method), two.home)
    assert result.code in (9, 25), result.output
    assert two.printed() == {}


@pytest.mark.parametrize("path", ["PORT2/a.ps", "./PORT2/a.ps", "PORT1/../PORT2/a.ps", "PORT2"])
def test_busybox(path: str, two: TwoPrinters) -> None:
    """busybox ftpput says the path as it is."""
    port = str(two.gateway.port)
    words = [program("busybox"), "ftpput", "-P", port, "127.0.0.1", path, str(two.file)]
    result = run(words, two.home)
    assert result.code == 0, result.output
    assert two.printed() == {"PORT2": [PAGE]}


@pytest.mark.parametrize(
    ("script", "port"),
    [
        ("put -O ./PORT2 {file}", "PORT2"),
        ("put {file} -o PORT2/a.ps", "PORT2"),
        ("cd PORT1; put {file} -o ../PORT2/a.ps", "PORT2"),
        ("cd PORT3; put {file}", "PORT3"),
        ("cd PORT3; put {file} -o a.ps", "PORT3"),
    ],
)
def test_lftp(script: str, port: str, two: TwoPrinters) -> None:
    """lftp, from another port too."""
    line = f"open 127.0.0.1:{two.gateway.port}; set ftp:use-allo no; {script}; bye"
    result = run([program("lftp"), "-c", line.format(file=two.file)], two.home)
    assert result.code == 0, result.output
    assert two.printed() == {port: [PAGE]}
