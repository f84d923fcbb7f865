"""
Ready-made FTP clients, as users and scripts call them.

Each L{Client} uploads files in one login: passive or active, to an IPv4 or IPv6 address.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.debian import program
from tests.support.session import Session

#: Seconds within which a client has done its work.
DEADLINE = 30


@dataclass(frozen=True)
class Result:
    """
    What a client said, its view of the dialogue included.

    @ivar code: its exit status.
    """

    code: int
    output: str


@dataclass(frozen=True)
class Address:
    """
    Where the gateway listens and how data connections are made.
    """

    port: int
    host: str = "127.0.0.1"
    passive: bool = True

    @property
    def url(self) -> str:
        """The gateway's root as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ftp://{host}:{self.port}/"


Client = Callable[[Address, Sequence[Path]], Result]


def run(arguments: Sequence[str], home: Path, commands: str = "") -> Result:
    """
    Run a client that knows nothing of this machine's user.

    @param home: an empty directory to be at home in.
    @param commands: what is typed.
    @raise AssertionError: it does not end.
    """
    known = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C", "TERM": "dumb"}
    try:
        done = subprocess.run(
            arguments,
            cwd=home,
            env=known,
            input=commands.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=DEADLINE,
        )
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{arguments[0]} did not end:\n{_text(late.stdout)}") from late
    return Result(done.returncode, _text(done.stdout))


def _text(output: bytes | None) -> str:
    return (output or b"").decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def curl(address: Address, files: Sequence[Path], *options: str) -> Result:
    """
    C{curl -T file ftp://...}, one connection for all files.
    """
    mode = [] if address.passive else ["--ftp-port", "-"]
    arguments = [program("curl"), "-sSvg", *mode, *options]
    for file in files:
        arguments += ["-T", str(file), address.url]
    return run(arguments, files[0].parent)


def lftp(address: Address, files: Sequence[Path], *settings: str) -> Result:
    """
    C{lftp -e "put ...; bye"}.
    """
    mode = f"set ftp:passive-mode {'yes' if address.passive else 'no'}"
    puts = [f"put {file}" for file in files]
    script = "; ".join([mode, *settings, *puts, "bye"])
    return run([program("lftp"), "-d", "-e", script, address.url], files[0].parent)


def typed(name: str, address: Address, home: Path, *commands: str) -> Result:
    """
    A BSD client (C{tnftp}, C{inetutils-ftp}) whose user types these commands after the login.
    """
    mode = "-p" if address.passive else "-A"
    lines = ["user tester secret", *commands, "quit", ""]
    arguments = [program(name), "-n", "-v", "-i", mode, address.host, str(address.port)]
    return run(arguments, home, "\n".join(lines))


def _puts(files: Sequence[Path]) -> list[str]:
    return ["bin", *[f"put {file.name}" for file in files]]


def tnftp(address: Address, files: Sequence[Path]) -> Result:
    """
    NetBSD's client, Debian's C{ftp}.
    """
    return typed("tnftp", address, files[0].parent, *_puts(files))


def inetutils(address: Address, files: Sequence[Path]) -> Result:
    """
    GNU's client.
    """
    return typed("inetutils-ftp", address, files[0].parent, *_puts(files))


def ftplib(address: Address, files: Sequence[Path]) -> Result:
    """
    Python's own client, as scripts use it: anything but success is an exception.
    """
    with Session(address.port, address.host) as session:
        session.set_pasv(address.passive)
        said = []
        for file in files:
            with file.open("rb") as source:
                said.append(session.storbinary(f"STOR {file.name}", source))
    return Result(0, "\n".join(said))


#: Every client by name.
CLIENTS: dict[str, Client] = {
    "curl": curl,
    "lftp": lftp,
    "tnftp": tnftp,
    "inetutils-ftp": inetutils,
    "ftplib": ftplib,
}
