"""
Which client knows which modes, one attempt in one of them, and what came of it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from laboratory.clients import drivers
from laboratory.clients.drivers import Driver
from tests.support import packages
from tests.support.clients import Result
from tests.support.modes import IPV4, TLS, Mode, Way, hasIPv6, modes
from tests.support.pages import page
from tests.support.printservice import PrintService

#: All bytes, in orders that careless code spoils; larger than the buffers in between.
BINARY = page("traps.bin")

#: For TYPE A: what a client does not alter itself, because no line ends in it.
LINE = b"\x1bE\xff\xf4 one line without an end \x04 \x00"

#: The same for clients that end every line.
LINES = b"\x1bE\xff\xf4 one line\r\nanother \x04 \x00\r\n"

_ALL_WAYS = tuple(Way)
_BOTH = (TLS.EXPLICIT, TLS.IMPLICIT)
_WAYS = {
    Way.PASV: "Entering Passive Mode",
    Way.EPSV: "Entering Extended Passive Mode",
    Way.PORT: "PORT command successful",
    Way.EPRT: "EPRT command successful",
}


@dataclass(frozen=True)
class Client:
    """
    One client.

    @ivar driver: uploads a file with it.
    @ivar version: asks it for its version.
    @ivar modes: those that it knows.
    @ivar text: what it sends unaltered as TYPE A.
    @ivar limits: modes in which the client itself fails, and how that is known.
    """

    name: str
    driver: Driver
    version: Callable[[], str]
    modes: Sequence[Mode]
    text: bytes = LINE
    limits: Mapping[Mode, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """
    What came of an attempt.

    @ivar printed: what the printer got, the jobs without a byte left out.
    @ivar exact: that is one job, byte for byte what was sent.
    @ivar believed: the client told its caller that all is well.
    @ivar reply: the code of the last reply to the upload, if the client shows it.
    @ivar told: the last line that the gateway logged of the job.
    @ivar result: everything the client said.
    """

    printed: Sequence[bytes]
    exact: bool
    believed: bool
    reply: str
    told: str
    result: Result


def attempt(service: PrintService, client: Client, mode: Mode) -> Outcome:
    """
    Upload one file.

    @raise packages.Missing: the client is not installed.
    """
    data = client.text if mode.ascii else BINARY
    before = len(service.printer.callers)
    logged = len(service.gateway.lines)
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, "page.bin")
        file.write_bytes(data)
        result = client.driver(service, mode, file)
    numbers = range(before + 1, len(service.printer.callers) + 1)
    printed = [job for number in numbers if (job := service.printer.waitForJob(number))]
    wanted = _WAYS[mode.way]
    if "Entering" in result.output or "command successful" in result.output:
        others = [text for text in _WAYS.values() if text != wanted and text in result.output]
        assert not others and wanted in result.output, f"not {mode}:\n{result.output}"
    return Outcome(
        printed,
        printed == [data],
        result.code == 0,
        _reply(result.output),
        _end(service, logged),
        result,
    )


def _end(service: PrintService, logged: int) -> str:
    numbers = [
        found[1]
        for line in service.gateway.lines[logged:]
        if (found := re.search(r"job (\d+) ", line))
    ]
    return service.gateway.jobEnd(int(numbers[-1])) if numbers else ""


def _reply(output: str) -> str:
    found = re.findall(r"\b([2-5]\d\d)[: -].*(?:Transfer complete|Ready$|Job \d+ )", output, re.M)
    return found[-1] if found else ""


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _debian(package: str) -> Callable[[], str]:
    return lambda: packages.packageVersion(package)


def _asked(*words: str, pattern: str = r"\d+(?:\.\d+)+") -> Callable[[], str]:
    return lambda: packages.version(*words, pattern=pattern)


def _aioftp() -> str:
    python = str(packages.peer("venv/bin/python", "aioftp (PyPI)"))
    return packages.version(python, "-m", "pip", "show", "aioftp", pattern=r"(?<=Version: )\S+")


def _basicFtp() -> str:
    about = packages.peer("node_modules/basic-ftp/package.json", "basic-ftp (npm)")
    found = re.search(r'"version": "([^"]+)"', about.read_text())
    return found[1] if found else "?"


# Seen with strace: after the accept() it sends the first bytes of the file, and no ClientHello.
_CURL_SENDS_CLEAR = (
    "curl 7.88 (Debian 12) does not start TLS on a data connection that was dialled to it, and"
    " sends the file in clear: nothing is printed, curl exits with 18. Use passive mode."
)
_WPUT_HANGS_UP = (
    "wput ends its data connection without close_notify: the job cannot be told from a cut one,"
    " and is 551. Use --disable-tls, or start the gateway with --tls-lenient-close."
)

CLIENTS: dict[str, Client] = {
    client.name: client
    for client in (
        Client(
            "curl",
            drivers.curl,
            _asked("curl", "--version"),
            modes(*_ALL_WAYS, tls=_BOTH),
            limits={
                mode: _CURL_SENDS_CLEAR
                for mode in modes(Way.PORT, Way.EPRT, tls=_BOTH)
                if mode.tls is not TLS.NONE
            },
        ),
        Client(
            "lftp",
            drivers.lftp,
            _asked("lftp", "--version"),
            modes(Way.PASV, Way.EPSV, Way.PORT, tls=_BOTH),
        ),
        Client("tnftp", drivers.tnftp, _debian("tnftp"), modes(*_ALL_WAYS)),
        Client(
            "inetutils-ftp",
            drivers.inetutils,
            _asked("inetutils-ftp", "--version"),
            modes(Way.PASV, Way.PORT),
        ),
        Client(
            "ncftpput",
            drivers.ncftpput,
            _debian("ncftp"),
            modes(Way.PASV, Way.PORT, ipv6=False),
        ),
        Client("busybox ftpput", drivers.busybox, _asked("busybox"), modes(Way.EPSV, ascii=False)),
        Client(
            "wput",
            drivers.wput,
            _asked("wput", "--version"),
            [*modes(Way.PASV, Way.PORT, ipv6=False), Mode(tls=TLS.EXPLICIT)],
            limits={Mode(tls=TLS.EXPLICIT): _WPUT_HANGS_UP},
        ),
        Client(
            "rclone",
            drivers.rclone,
            _asked("rclone", "version"),
            modes(Way.EPSV, Way.PASV, tls=_BOTH, ascii=False),
        ),
        Client(
            "Net::FTP (Perl)",
            drivers.perl,
            _asked("perl", "-MNet::FTP", "-e", "print $Net::FTP::VERSION"),
            modes(Way.PASV, Way.PORT, tls=_BOTH),
        ),
        Client(
            "ftp_put (PHP)",
            drivers.php,
            _asked("php", "--version"),
            modes(Way.PASV, Way.PORT, tls=(TLS.EXPLICIT,)),
        ),
        Client(
            "net/ftp (Ruby)",
            drivers.ruby,
            _asked("ruby", "-rnet/ftp", "-e", "print Net::FTP::VERSION"),
            modes(Way.PASV, Way.PORT, tls=(TLS.EXPLICIT,)),
            text=LINES,
        ),
        Client(
            "commons-net (Java)",
            drivers.commonsNet,
            _debian("libcommons-net-java"),
            modes(Way.PASV, Way.EPSV, Way.PORT, tls=_BOTH),
        ),
        Client(
            "aioftp (PyPI)",
            drivers.aioftp,
            _aioftp,
            modes(Way.EPSV, Way.PASV, tls=_BOTH, ascii=False),
        ),
        Client(
            "basic-ftp (npm)",
            drivers.basicFtp,
            _basicFtp,
            modes(Way.EPSV, Way.PASV, tls=_BOTH, ascii=False),
        ),
        Client(
            "ftplib (Python)",
            drivers.ftplib,
            _python,
            modes(Way.PASV, Way.PORT, tls=_BOTH),
            text=LINES,
        ),
    )
}


def pairs() -> list[tuple[Client, Mode]]:
    """Every client in every mode that it knows and this machine has."""
    both = hasIPv6()
    return [
        (client, mode)
        for client in CLIENTS.values()
        for mode in client.modes
        if both or mode.host == IPV4
    ]
