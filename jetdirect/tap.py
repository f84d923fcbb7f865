"""
C{twistd jetftp}: words on the command line into objects.
"""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, ip_network
from typing import Any, ClassVar

import twisted
from twisted.cred import strcred
from twisted.cred.credentials import IUsernamePassword
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python import usage

from .certificate import ServerCertificate
from .ftp.address import FIRST_UNPRIVILEGED
from .ftp.settings import DRAIN_TIMEOUT, GREETING, PROFILES, Network
from .gateway import Gateway
from .port import BUSY_TIMEOUT, CONNECT_TIMEOUT
from .transports.policy import PJLPolicy, policed
from .transports.uri import schemes, seconds, transportFor, withoutSecrets

DEFAULT_PRINTER = "print-jobs"
"""The embedded printer keeps every job as one file in this directory, below the current one."""

_STATUS_BY_TWISTD = tuple(map(int, twisted.__version__.split(".")[:2])) >= (26, 10)
"""Older ones tell of a usage error and exit with status 0 (measured: 24.3 to 26.4)."""

_LIMITS = {
    "maxSessions": "max-sessions",
    "idleTimeout": "idle-timeout",
    "dataIdleTimeout": "data-idle-timeout",
}


BACKLOG = 511
"""Connections that may wait to be accepted: who finds no room there waits a second for nothing, and
of 64 clients that came at once some did with Twisted's 50 (measured)."""


def _seconds(option: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            return seconds(text)
        except ValueError:
            remedy = "give seconds as a number from 0 to a year, such as 30 or 2.5"
            raise usage.UsageError(f"--{option}={text}: not a time; {remedy}") from None

    return read


def _whole(option: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise usage.UsageError(f"--{option}={text}: give a whole number of 1 or more")
        return int(text)

    return read


def _network(option: str, text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        remedy = "give a network such as 10.0.0.0/8 or fd00::/8"
        raise usage.UsageError(f"--{option}={text}: not a network; {remedy}") from None


def _profile(text: str) -> str:
    if text not in PROFILES:
        raise usage.UsageError(f"--profile={text}: choose one of {', '.join(PROFILES)}")
    return text


def _policy(text: str) -> str:
    choices = [each.value for each in PJLPolicy]
    if text not in choices:
        raise usage.UsageError(f"--pjl-policy={text}: choose one of {', '.join(choices)}")
    return text


def _ports(text: str) -> Sequence[int]:
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text, re.ASCII)
    low, high = (int(found[1]), int(found[2])) if found else (0, 0)
    if not FIRST_UNPRIVILEGED <= low <= high <= 65535:
        remedy = f"give LOW-HIGH between {FIRST_UNPRIVILEGED} and 65535, such as 40000-40099"
        raise usage.UsageError(f"--passive-ports={text}: {remedy}")
    return range(low, high + 1)


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        remedy = "give an IPv4 address such as 203.0.113.7"
        raise usage.UsageError(f"--passive-address={text}: {remedy}") from None


def _greeting(text: str) -> str:
    if not text or not all(" " <= letter <= "~" for letter in text):
        raise usage.UsageError(f"--greeting={text!r}: give one line of printable ASCII")
    return text


class Options(usage.Options, strcred.AuthOptionMixin):
    """The command line of C{twistd jetftp}."""

    synopsis = "[options]"
    supportedInterfaces = (IUsernamePassword,)
    longdesc = (
        "A print server that FTP clients print through: log in with any name, put a file, and its"
        " bytes go to the printer as they are."
    )
    optParameters: ClassVar = [
        [
            "profile",
            None,
            "500x",
            "Limits of a model: 500x (3 sessions a printer, 900 s), jetdirect4 (4, 270 s) or v40"
            " (4, 900 s, data 270 s); options that set one of them win.",
            _profile,
        ],
        [
            "max-sessions",
            None,
            None,
            "Control connections at a time. [default: 3 for each printer]",
            _whole("max-sessions"),
        ],
        [
            "max-sessions-per-host",
            None,
            None,
            "Control connections at a time from one host. [default: all]",
            _whole("max-sessions-per-host"),
        ],
        [
            "max-job-bytes",
            None,
            None,
            "Cut a longer job. [default: no limit]",
            _whole("max-job-bytes"),
        ],
        [
            "idle-timeout",
            None,
            None,
            "Seconds until a session ends whose control and data connections are silent; 0: never."
            " [default: 900]",
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
        [
            "drain-timeout",
            None,
            DRAIN_TIMEOUT,
            "Seconds that running jobs have to finish at a shutdown; 0: none.",
            _seconds("drain-timeout"),
        ],
        [
            "control-loss-grace",
            None,
            0.0,
            "Seconds to wait, after the data's end, for the loss of the control connection.",
            _seconds("control-loss-grace"),
        ],
        [
            "pjl-policy",
            None,
            PJLPolicy.OFF.value,
            "PJL commands that no print job needs (files, NVRAM, locks): off, log or refuse.",
            _policy,
        ],
        ["greeting", None, GREETING, "Text of the greeting (220).", _greeting],
        [
            "passive-ports",
            None,
            None,
            "LOW-HIGH: TCP ports for passive data connections. [default: any free ones]",
            _ports,
        ],
        [
            "passive-address",
            None,
            None,
            "IPv4 address that PASV announces, for senders beyond a NAT or a proxy.",
            _address,
        ],
        ["tls-certificate", None, None, "PEM file with certificate and chain: offer TLS."],
        ["tls-key", None, None, "PEM file with its private key. [default: the same file]"],
    ]
    optFlags: ClassVar = [
        [
            "fire-and-forget",
            None,
            "Print what senders leave behind that drop the control connection during a job.",
        ],
        ["require-tls", None, "Refuse logins and jobs that are not encrypted."],
        [
            "tls-lenient-close",
            None,
            "Believe a TLS data connection's end without close_notify to be the end of the file.",
        ],
    ]
    compData = usage.Completions(multiUse=["port", "printer", "allow", "passive-inside"])

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: what listens and connects; by default the global one.
        """
        super().__init__()
        self.docs = {option: " ".join((text or "").split()) for option, text in self.docs.items()}
        self._reactor = reactor
        self["listeners"] = []
        self["printers"] = []
        self["allow"] = []
        self["passive-inside"] = []

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
            shown = withoutSecrets(text)
            raise usage.UsageError(f"--printer={shown}: {error}") from None

    def opt_allow(self, text: str) -> None:
        """
        Network that may connect, such as 192.0.2.0/24 or 2001:db8::/32. May be given several
        times. [default: all]
        """
        self["allow"].append(_network("allow", text))

    def opt_passive_inside(self, text: str) -> None:
        """
        Network of senders that are told the gateway's own address in spite of --passive-address,
        such as 10.0.0.0/8. May be given several times.
        """
        self["passive-inside"].append(_network("passive-inside", text))

    opt_p = opt_port
    opt_P = opt_printer

    def parseOptions(self, options: Any = None) -> None:
        """Read the words; a wrong one ends C{twistd} with status 1, in every version of it."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            if self.parent is None or _STATUS_BY_TWISTD:
                raise
            raise SystemExit(f"{self}\njetftp: {error}") from None

    def parseArgs(self, *words: str) -> None:
        """There are only options."""
        if words:
            raise usage.UsageError(f"{words[0]}: not an option; all that can be said has a name")

    def postOptions(self) -> None:
        """Fill in the defaults that are not words."""
        self["listeners"] = self["listeners"] or self._listeners("21")
        self["certificate"] = self._certificate()
        self["embedded"] = not self["printers"]
        if self["embedded"]:
            try:
                from .transports.file.transport import FileTransport  # a real printer needs none

                self["printers"] = [FileTransport(self.reactor, DEFAULT_PRINTER)]
            except ValueError as error:
                remedy = "or name a printer with --printer"
                raise usage.UsageError(f"the default printer: {error}, {remedy}") from None

    def _certificate(self) -> ServerCertificate | None:
        certificate, key = self["tls-certificate"], self["tls-key"]
        if certificate is None:
            needing = [f"port={each}" for each in self["listeners"] if re.match("tls:|ssl:", each)]
            needing += [o for o in ("tls-key", "require-tls", "tls-lenient-close") if self[o]]
            if needing:
                remedy = "name the certificate with --tls-certificate=FILE"
                raise usage.UsageError(f"--{needing[0]}: there is no certificate; {remedy}")
            return None
        try:
            return ServerCertificate(certificate, key or certificate)
        except ValueError as error:
            remedy = "name PEM files with --tls-certificate and --tls-key"
            raise usage.UsageError(f"--tls-certificate={certificate}: {error}; {remedy}") from None

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
        number = re.match(r"(?:tcp[46]?|ssl|tls):(?:port=)?(-?\d+)(?::|$)", text, re.ASCII)
        if number is not None and not 0 <= int(number[1]) <= 65535:
            raise usage.UsageError(f"--port={text}: no port from 0 to 65535; {remedy}")
        try:
            serverFromString(self.reactor, re.sub(r"\Atls:", "tcp:", text))
        except Exception as error:  # every parser of endpoint strings has its own kind
            raise usage.UsageError(f"--port={text}: {error}; {remedy}") from None
        return [text]


def _everywhere(port: int) -> list[str]:
    # An IPv6 socket takes IPv4 too, unless the system says otherwise (sysctl net.ipv6.bindv6only).
    four = f"tcp:{port}:backlog={BACKLOG}"
    six = rf"tcp6:{port}:interface=\:\::backlog={BACKLOG}"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
            both = not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return [four]
    return [six] if both else [four, six]


class _CommandLineGateway(Gateway):
    """A gateway whose user typed a command, and wants a sentence when it cannot listen."""

    def privilegedStartService(self) -> None:
        """Bind the ports, while we still may."""
        _orExit(super().privilegedStartService)

    def startService(self) -> None:
        """Bind them now, if there was no privileged start."""
        _orExit(super().startService)
        if self.factory.settings.certificate is not None:
            signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self._reload))

    def stopService(self) -> Deferred[Any]:
        """Let running jobs finish, whoever asks for the end again (Twisted calls that a fault)."""
        if signal.getsignal(signal.SIGTERM) == getattr(self._reactor, "sigTerm", None):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._again)
        return super().stopService()

    def _again(self, number: int, frame: object) -> None:
        self._reactor.callFromThread(
            self._log.info,
            "Received {signal} again; running jobs have their time to finish",
            signal=signal.Signals(number).name,
        )

    def _reload(self) -> None:
        assert self.factory.settings.certificate is not None
        try:
            self.factory.settings.certificate.reload()
        except ValueError as error:
            self._log.error("the certificate stays as it was: {error}", error=str(error))
        else:
            self._log.info("the certificate was read again")


def _orExit(start: Callable[[], None]) -> None:
    try:
        start()
    except CannotListenError as error:
        raise SystemExit(f"jetftp: --port: {error}; choose another with --port=NUMBER") from None


def _tellTimeSteadily(reactor: Any) -> None:
    # Twisted's reactors tell the wall clock's time, which is set now and then: idle sessions would
    # end, and printers be waited for for ever.
    if isinstance(reactor, ReactorBase) and not reactor.running:
        reactor.seconds = time.monotonic


def makeService(options: Options) -> Gateway:
    """The service that C{twistd} runs."""
    _tellTimeSteadily(options.reactor)
    settings = replace(
        PROFILES[options["profile"]],
        greeting=options["greeting"],
        maxSessionsPerHost=options["max-sessions-per-host"],
        allow=options["allow"],
        drainTimeout=options["drain-timeout"],
        controlLossGrace=options["control-loss-grace"],
        fireAndForget=bool(options["fire-and-forget"]),
        passivePorts=options["passive-ports"] or (),
        passiveAddress=options["passive-address"] or "",
        passiveInside=options["passive-inside"],
        certificate=options["certificate"],
        requireTLS=bool(options["require-tls"]),
        lenientClose=bool(options["tls-lenient-close"]),
        **{
            setting: options[option]
            for setting, option in _LIMITS.items()
            if options[option] is not None
        },
    )
    policy = PJLPolicy(options["pjl-policy"])
    gateway = _CommandLineGateway(
        [policed(printer, policy) for printer in options["printers"]],
        options.reactor,
        options["listeners"],
        settings,
        options["busy-timeout"],
        options["connect-timeout"],
        options["max-job-bytes"],
        options.get("credCheckers") or (),
    )
    if options["embedded"]:
        Logger().info(
            "no --printer was given: PORT1 is a virtual printer that keeps every job as a file in"
            " {directory}",
            directory=options["printers"][0].directory,
        )
    return gateway
