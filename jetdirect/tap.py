"""
C{twistd jetftp}: words on the command line into objects.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from twisted.cred import strcred
from twisted.cred.credentials import IUsernamePassword
from twisted.logger import Logger
from twisted.python import usage

from . import logfile
from .certificate import ServerCertificate
from .checkers import checkerFor
from .commandline import DEFAULT_PRINTER, OPTIONS
from .configuration import Configuration
from .daemon import checkDaemon, openLog, rightsOfJobs
from .descriptors import reserve
from .ftp.settings import PROFILES
from .help import helpText, versions
from .interfaces import IPrinterTransport
from .listeners import leadsHere, listeners, portOf
from .named import PortSettings
from .options import Option, didYouMean
from .process import CommandLineGateway, endWithoutLookups, fail, tellTimeSteadily
from .text import presentable
from .transports.build import transportFor
from .transports.checks import complaintsAbout
from .transports.policy import PJLPolicy, policed
from .uri import withoutSecrets

_GETOPT = re.compile(
    r"option --?(.*) (not recognized|requires argument|must not have an argument"
    r"|not a unique prefix)",
    re.DOTALL,
)

SHOWN = 200
"""Characters of a wrong value that are said again."""


def _handler(option: Option) -> Callable[..., None]:
    # Twisted tells by a method's arguments whether its option has a value.
    def given(self: Options, text: str) -> None:
        self.take(option, text)

    def flag(self: Options) -> None:
        self[option.name] = True

    method: Callable[..., None] = given if option.value else flag
    method.__doc__ = option.help
    return method


def _handlers() -> Iterable[tuple[str, Callable[..., None]]]:
    for option in OPTIONS:
        method = _handler(option)
        yield f"opt_{option.name.replace('-', '_')}", method
        if option.short:
            yield f"opt_{option.short}", method


class Options(usage.Options, strcred.AuthOptionMixin):
    """The command line of C{twistd jetftp}; its options are those of L{OPTIONS}."""

    supportedInterfaces = (IUsernamePassword,)
    compData = usage.Completions(multiUse=[option.name for option in OPTIONS if option.many])

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: what listens and connects; by default the global one.
        """
        super().__init__()
        self._reactor = reactor
        for option in OPTIONS:
            # What is not given is None: a setting then has the default of the model.
            unset = None if option.setting else option.default
            self[option.name] = [] if option.many else unset if option.value else False
        self["listeners"] = []
        self["printers"] = []

    @property
    def reactor(self) -> Any:
        """The reactor, imported only when it is needed."""
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        return self._reactor

    def take(self, option: Option, text: str) -> None:
        """
        Read a value.

        @raise usage.UsageError: it is none; the message names option, value and remedy.
        """
        try:
            match option.name:
                case "port":
                    self["listeners"] += self._listeners(text)
                case "printer":
                    self["printers"].append(transportFor(self.reactor, text))
                case "auth":
                    self.addChecker(checkerFor(text))
                case name if option.many:
                    self[name] = [*self[name], *option.read(text)]
                case name:
                    self[name] = option.read(text)
        except ValueError as error:
            shown = _SAFE.get(option.name, str)(text)
            shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."
            raise usage.UsageError(f"--{option.name}={shown}: {error}") from None

    def opt_version(self) -> None:
        """
        Print the versions of jetdirect, Twisted and Python.
        """
        print(versions())
        raise SystemExit(0)

    def parseOptions(self, options: Any = None) -> None:
        """Read the words; behind C{twistd} a wrong one ends the process with one line."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            sentence = presentable(self._worded(str(error)))
            if self.parent is not None:
                fail(sentence)
            raise usage.UsageError(sentence) from None

    def parseArgs(self, *words: str) -> None:
        """There are only options."""
        if words:
            raise usage.UsageError(
                f"{words[0]}: not an option; all that can be said has a name, see --help"
            )

    def postOptions(self) -> None:
        """What is wrong only together, and the defaults that are not words."""
        self["listeners"] = self["listeners"] or self._listeners("21")
        self._checkTogether()
        try:
            self["log"] = "" if self.parent is None else logfile.takeOver(self.parent)
            if self.parent is not None:  # before twistd looks, which has tracebacks for it
                checkDaemon(self.parent, self["log"])
        except ValueError as error:
            raise usage.UsageError(str(error)) from None
        self["certificate"] = self._certificate()
        self["embedded"] = not self["printers"]
        if self["embedded"]:
            try:
                from .transports.file.transport import FileTransport  # a real printer needs none

                self["printers"] = [FileTransport(self.reactor, DEFAULT_PRINTER)]
            except ValueError as error:
                remedy = "or name a printer with --printer"
                raise usage.UsageError(f"the default printer: {error}, {remedy}") from None

    def getUsage(self, width: int | None = None) -> str:
        """The options by topic."""
        return helpText(width or shutil.get_terminal_size().columns)

    def _worded(self, error: str) -> str:
        # Of its own errors Twisted passes on the words of getopt.
        found = _GETOPT.fullmatch(error)
        if found is None:
            return error
        name, fault = found.groups()
        written = f"--{name}" if len(name) > 1 else f"-{name}"
        match fault:
            case "not recognized" if self.parent is not None and name in self.parent.synonyms:
                return f"{written}: an option of twistd's own; write it before the word jetftp"
            case "not recognized":
                near = didYouMean(name, self.docs).replace("mean ", "mean --")
                return f"{written}: no such option{near}; --help lists all"
            case "requires argument":
                return f"{written}: its value is missing; see --help"
            case "must not have an argument":
                return f"{written}: takes no value; it is on when it is there"
            case "not a unique prefix":
                names = ", ".join(f"--{each}" for each in self.docs if each.startswith(name))
                return f"{written}: which one of {names} is meant?"
        return error

    def _listeners(self, text: str) -> list[str]:
        found = listeners(self.reactor, text)
        for each in found:
            if each in self["listeners"] and portOf(each) != 0:
                raise ValueError("given twice; leave one out")
        return found

    def _checkTogether(self) -> None:
        for port in filter(None, map(portOf, self["listeners"])):
            if port in (self["passive-ports"] or ()):
                low, high = self["passive-ports"][0], self["passive-ports"][-1]
                remedy = f"{port} is a --port, so choose other ones"
                raise usage.UsageError(f"--passive-ports={low}-{high}: {remedy}")
            if port == self["active-port"]:
                raise usage.UsageError(f"--active-port={port}: that is a --port; choose another")
        for uri in (printer.uri for printer in self["printers"]):
            if leadsHere(uri, self["listeners"]):
                remedy = "name the printer's own address and port"
                raise usage.UsageError(f"--printer={uri}: this gateway listens there; {remedy}")
        if self["passive-inside"] and not self["passive-address"]:
            remedy = "it says who is not told a --passive-address; name that, too, or leave it out"
            raise usage.UsageError(f"--passive-inside: {remedy}")
        if self["control-loss-grace"] and self["fire-and-forget"]:
            remedy = "with --fire-and-forget no loss is waited for; leave one of them out"
            raise usage.UsageError(f"--control-loss-grace: {remedy}")

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
            raise usage.UsageError(f"--tls-certificate={certificate}: {error}") from None


for _name, _method in _handlers():
    setattr(Options, _name, _method)


def _withoutPasswords(auth: str) -> str:
    kind, _, where = auth.partition(":")
    return auth if kind == "file" or not where else f"{kind}:..."


_SAFE: Mapping[str, Callable[[str], str]] = {
    "printer": withoutSecrets,
    "auth": _withoutPasswords,
}
"""What of a value that may hold a secret is said again."""


def makeService(options: Options) -> CommandLineGateway:
    """
    The service that C{twistd} runs.  It is bound to its ports already, while the process is not
    yet a daemon, which could tell nobody what is wrong.
    """
    tellTimeSteadily(options.reactor)
    endWithoutLookups(options.reactor)
    gateway = CommandLineGateway(configuration(options), options.reactor)
    if options["embedded"]:
        Logger().info(
            "no --printer was given: PORT1 is a virtual printer that keeps every job as a file in"
            " {directory}",
            directory=options["printers"][0].directory,
        )
    warnings: list[str] = []
    if options.parent is not None:
        with rightsOfJobs(options.parent):
            warnings = _checked(options["printers"])
        gateway.privilegedStartService()
        warnings += filter(None, [openLog(options["log"])])
    warnings += filter(None, [reserve(gateway.factory.limit)])
    ports = options["passive-ports"]
    if ports and len(ports) < gateway.factory.limit:
        few = f"--passive-ports has {len(ports)} for {gateway.factory.limit} sessions"
        warnings.append(f"{few}; who finds none free is told 425")
    gateway.warnings = warnings
    return gateway


def _checked(printers: Sequence[IPrinterTransport]) -> list[str]:
    complaints = complaintsAbout(printers)
    for complaint in complaints:
        if complaint.fatal:
            fail(f"--printer={complaint.text}")
    return [complaint.text for complaint in complaints]


def configuration(options: Options) -> Configuration:
    """What the words say, as one value."""
    given = {
        option.setting: options[option.name]
        for option in OPTIONS
        if option.setting and _isGiven(options[option.name])
    }
    ports = {each.name for each in fields(PortSettings)}
    sessions = {name: value for name, value in given.items() if name not in ports}
    return Configuration(
        [policed(each, PJLPolicy(options["pjl-policy"])) for each in options["printers"]],
        options["listeners"],
        replace(PROFILES[options["profile"]], certificate=options["certificate"], **sessions),
        PortSettings(**{name: value for name, value in given.items() if name in ports}),
        options.get("credCheckers") or (),
    )


def _isGiven(value: object) -> bool:
    return value is not None and value is not False and value != []
