"""
C{twistd jetftp}: words on the command line into objects.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, ClassVar

from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python import usage

from .ftp.settings import GREETING, IDLE_TIMEOUT, MAX_SESSIONS, SessionSettings
from .gateway import Gateway
from .port import BUSY_TIMEOUT, CONNECT_TIMEOUT
from .transports.file import FileTransport
from .transports.uri import schemes, seconds, transportFor

DEFAULT_PRINTER = "print-jobs"
"""The embedded printer keeps every job as one file in this directory, below the current one."""


def _seconds(option: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            return seconds(text)
        except ValueError:
            remedy = "give seconds as a number from 0 to a year, such as 30 or 2.5"
            raise usage.UsageError(f"--{option}={text}: not a time; {remedy}") from None

    return read


def _sessions(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise usage.UsageError(f"--max-sessions={text}: give a whole number of 1 or more")
    return int(text)


def _greeting(text: str) -> str:
    if not text or not all(" " <= letter <= "~" for letter in text):
        raise usage.UsageError(f"--greeting={text!r}: give one line of printable ASCII")
    return text


class Options(usage.Options):
    """The command line of C{twistd jetftp}."""

    synopsis = "[options]"
    longdesc = (
        "A print server that FTP clients print through: log in with any name, put a file, and its"
        " bytes go to the printer as they are."
    )
    optParameters: ClassVar = [
        ["max-sessions", None, MAX_SESSIONS, "Control connections at a time.", _sessions],
        [
            "idle-timeout",
            None,
            IDLE_TIMEOUT,
            "Seconds until a session ends whose control and data connections are silent; 0: never.",
            _seconds("idle-timeout"),
        ],
        [
            "data-idle-timeout",
            None,
            None,
            "Seconds until a silent data connection ends its job; 0: never."
            " [default: as --idle-timeout]",
            _seconds("data-idle-timeout"),
        ],
        [
            "busy-timeout",
            None,
            BUSY_TIMEOUT,
            "Seconds a job waits for its printing port; 0: it does not wait.",
            _seconds("busy-timeout"),
        ],
        [
            "connect-timeout",
            None,
            CONNECT_TIMEOUT,
            "Seconds to reach a printer, all attempts together; 0: one attempt.",
            _seconds("connect-timeout"),
        ],
        ["greeting", None, GREETING, "Text of the greeting (220).", _greeting],
    ]
    compData = usage.Completions(multiUse=["port", "printer"])

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: what listens and connects; by default the global one.
        """
        super().__init__()
        self._reactor = reactor
        self["listeners"] = []
        self["printers"] = []

    @property
    def reactor(self) -> Any:
        """The reactor, imported only when it is needed."""
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        return self._reactor

    def opt_port(self, text: str) -> None:
        """
        Where FTP clients connect: a TCP port number, on all addresses, or a server endpoint
        string such as tcp:2121:interface=127.0.0.1. May be given several times. [default: 21]
        """
        self["listeners"] += self._listeners(text)

    def opt_printer(self, text: str) -> None:
        """
        Device URI of a printer, such as socket://printer:9100?description=Ward+3. The first one
        is PORT1, the second PORT2, and so on. [default: keep jobs as files in ./print-jobs]
        """
        try:
            self["printers"].append(transportFor(self.reactor, text))
        except ValueError as error:
            shown = _withoutSecrets(text)
            raise usage.UsageError(f"--printer={shown}: {error}") from None

    opt_p = opt_port
    opt_P = opt_printer

    def postOptions(self) -> None:
        """Fill in the defaults that are not words."""
        self["listeners"] = self["listeners"] or self._listeners("21")
        self["embedded"] = not self["printers"]
        if self["embedded"]:
            try:
                self["printers"] = [FileTransport(self.reactor, DEFAULT_PRINTER)]
            except ValueError as error:
                remedy = "or name a printer with --printer"
                raise usage.UsageError(f"the default printer: {error}, {remedy}") from None

    def getUsage(self, width: int | None = None) -> str:
        """Add the kinds of printers that are installed."""
        kinds = [f"  {each.example}" for each in schemes().values()]
        return "\n".join([super().getUsage(width), "Printers:", *kinds, ""])

    def _listeners(self, text: str) -> list[str]:
        remedy = "give a port number or an endpoint string such as tcp:2121:interface=127.0.0.1"
        if text.isascii() and text.isdigit():
            if int(text) > 65535:
                raise usage.UsageError(f"--port={text}: above 65535; {remedy}")
            return _everywhere(int(text))
        try:
            serverFromString(self.reactor, text)
        except Exception as error:  # every parser of endpoint strings has its own kind
            raise usage.UsageError(f"--port={text}: {error}; {remedy}") from None
        return [text]


def _everywhere(port: int) -> list[str]:
    # An IPv6 socket takes IPv4 too, unless the system says otherwise (sysctl net.ipv6.bindv6only).
    four, six = f"tcp:{port}", rf"tcp6:{port}:interface=\:\:"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
            both = not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return [four]
    return [six] if both else [four, six]


def _withoutSecrets(uri: str) -> str:
    place, at, rest = uri.rpartition("@")
    return f"{place.partition('//')[0]}//...@{rest}" if at else uri


class _CommandLineGateway(Gateway):
    """A gateway whose user typed a command, and wants a sentence when it cannot listen."""

    def privilegedStartService(self) -> None:
        """Bind the ports, while we still may."""
        _orExit(super().privilegedStartService)

    def startService(self) -> None:
        """Bind them now, if there was no privileged start."""
        _orExit(super().startService)


def _orExit(start: Callable[[], None]) -> None:
    try:
        start()
    except CannotListenError as error:
        raise SystemExit(f"jetftp: --port: {error}; choose another with --port=NUMBER") from None


def makeService(options: Options) -> Gateway:
    """The service that C{twistd} runs."""
    settings = SessionSettings(
        greeting=options["greeting"],
        maxSessions=options["max-sessions"],
        idleTimeout=options["idle-timeout"],
        dataIdleTimeout=options["data-idle-timeout"],
    )
    gateway = _CommandLineGateway(
        options["printers"],
        options.reactor,
        options["listeners"],
        settings,
        options["busy-timeout"],
        options["connect-timeout"],
    )
    if options["embedded"]:
        Logger().info(
            "no --printer was given: PORT1 is a virtual printer that keeps every job as a file in"
            " {directory}",
            directory=options["printers"][0].directory,
        )
    return gateway
