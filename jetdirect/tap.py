"""
C{twistd jetftp}: words on the command line into objects.
"""

from __future__ import annotations

import re
import select
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.cred import strcred
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.logger import Logger
from twisted.python import usage

from . import collector, logfile
from .checkers import checkerFor
from .commandline import FILE_OPTIONS, NOTIFY_OPTIONS, OPTIONS, PORT_OPTIONS
from .compose import composed
from .configuration import Configuration
from .daemon import checkDaemon, openLog, rightsOfJobs
from .descriptors import reserve
from .errors import HistoryUnfit, StateUnfit
from .ftp.address import FIRST_UNPRIVILEGED
from .interfaces import IPrinterTransport, ISpool
from .listeners import portOf
from .net.gaps import endWithoutLookups, stopOnce, tellTimeSteadily
from .net.reactor import IGatewayReactor
from .options import Option, didYouMean
from .process import CommandLineGateway, fail
from .spool.threads import Threads
from .spool.where import withoutPassword
from .text import presentable
from .transports.checks import complaintsAbout
from .web.places import CONNECTIONS
from .words import Value, Words, Wrong, safe

_GETOPT = re.compile(
    r"option --?(.*) (not recognized|requires argument|must not have an argument"
    r"|not a unique prefix)",
    re.DOTALL,
)


_WRITTEN = {f"--{option.name}" for option in OPTIONS}

_ONLY_IN_A_FILE = {option.name for option in (*FILE_OPTIONS, *PORT_OPTIONS, *NOTIFY_OPTIONS)} - {
    option.name for option in OPTIONS
}


def _handler(option: Option) -> Callable[..., None]:
    # Twisted tells by a method's arguments whether its option has a value.
    def given(self: Options, text: str) -> None:
        self.take(option, text)

    def flag(self: Options) -> None:
        self.take(option, True)

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
    """
    The command line of C{twistd jetftp}; its options are those of L{OPTIONS}.

    @ivar words: what the command line says.
    @ivar configuration: what that makes, with the configuration file that it names.
    """

    supportedInterfaces = (IUsernamePassword,)
    compData = usage.Completions(multiUse=[option.name for option in OPTIONS if option.many])

    def __init__(self, reactor: object = None) -> None:
        """
        @param reactor: what listens and connects; by default the global one.
        """
        super().__init__()
        # Any: the type of Twisted's global one has only some of its interfaces.
        self._reactor: Any = reactor
        self._checkers: dict[str, ICredentialsChecker] = {}
        self._words: Words | None = None

    @property
    def reactor(self) -> IGatewayReactor:
        """The reactor, imported only when it is needed."""
        if self._reactor is None:
            if hasattr(select, "epoll"):
                from .net.commandreactor import install

                install()
            from twisted.internet import reactor

            self._reactor = reactor
        found: IGatewayReactor = self._reactor
        return found

    @property
    def words(self) -> Words:
        """What the command line says; it may need the reactor."""
        if self._words is None:
            self._words = Words(self.reactor)
        return self._words

    def take(self, option: Option, value: Value) -> None:
        """
        Read a value.

        @raise usage.UsageError: it is none; the message names option, value and remedy.
        """
        place = f"--{option.name}"
        if isinstance(value, str):
            place = f"{place}={safe(option, value)}"
        try:
            if isinstance(value, str) and value.partition("=")[0] in _WRITTEN:
                raise ValueError("a value is missing, and this is the next option")
            self.words.take(option, value, place)
        except ValueError as error:
            raise usage.UsageError(f"{place}: {error}") from None

    @property
    def embedded(self) -> bool:
        """Does the embedded printer print, because none is named?"""
        return not self.words.printers and "config" not in self.words.values

    def configure(self, file: str = "", before: Configuration | None = None) -> Configuration:
        """
        What the command line makes, with the configuration file as it is now.

        Blocks as long as disks do.

        @param file: by default that which the command line names, if it names one.
        @param before: the configuration until now.
        @raise Wrong: it makes none.
        """
        words, file = self.words, file or self.words.values.get("config", "")
        if file:
            from .configfile import readFile  # a command line may say all

            words = words.over(readFile(self.reactor, file))
        return composed(words, before, self._checker)

    def _checker(self, text: str) -> ICredentialsChecker:
        # The same words are the same checker: nobody who logs in sees a reload.
        found = checkerFor(text)
        return self._checkers.setdefault(text, found)

    def opt_version(self) -> None:
        """
        Print the versions of jetdirect, Twisted and Python.
        """
        from .help import versions  # a gateway that serves prints none

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
        """Refuse words that are no options."""
        if words:
            raise usage.UsageError(
                f"{words[0]}: unexpected word; every setting is an option, see --help"
            )

    def postOptions(self) -> None:
        """Check what only all options together can get wrong."""
        checks = {"check", "check-reach"} & self.words.values.keys()
        try:
            self["log"] = "" if self.parent is None or checks else logfile.takeOver(self.parent)
            if self.parent is not None and not checks:  # before twistd looks, with tracebacks
                checkDaemon(self.parent, self["log"])
        except ValueError as error:
            raise usage.UsageError(str(error)) from None
        try:
            self.configuration = self.configure()
        except Wrong as wrong:
            if self.parent is not None or checks:
                fail(*wrong.sentences)
            raise usage.UsageError(str(wrong)) from None
        if self.parent is not None and not checks:
            try:
                logfile.writeAs(self.configuration.logFormat, self.parent)
            except ValueError as error:
                fail(f"--{error}")
        if checks:
            from .checking import check  # a gateway that serves has no use for it

            raise SystemExit(check(self.configuration, self.reactor, "check-reach" in checks))

    def getUsage(self, width: int | None = None) -> str:
        """The options by topic."""
        from .help import helpText  # as above

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
            case "not recognized" if name in _ONLY_IN_A_FILE:
                remedy = "docs/configuration.rst has all of them"
                return f"{written}: a key of a configuration file, see --config; {remedy}"
            case "not recognized":
                near = didYouMean(name, self.docs).replace("mean ", "mean --")
                return f"{written}: no such option{near}; --help lists all"
            case "requires argument":
                return f"{written}: its value is missing; see --help"
            case "must not have an argument":
                return f"{written}: takes no value; it is on when it is there"
            case "not a unique prefix" if not name:
                return "--: an option's name is missing; --help lists all"
            case "not a unique prefix":
                names = ", ".join(f"--{each}" for each in self.docs if each.startswith(name))
                return f"{written}: which one of {names} is meant?"
        return error


for _name, _method in _handlers():
    setattr(Options, _name, _method)


def makeService(options: Options) -> Any:
    """
    The service that C{twistd} runs: a L{CommandLineGateway}, or a L{Standby} that becomes one.  It
    is bound to its ports already, while the process is not yet a daemon, which could tell nobody
    what is wrong.
    """
    tellTimeSteadily(options.reactor)
    stopOnce(options.reactor)
    endWithoutLookups(options.reactor)
    if not options.configuration.standby:
        return _made(options, options.parent)
    return _standby(options)


def _standby(options: Options) -> Service:
    from .spool.files import openSpool  # few gateways stand by; it needs twisted.web
    from .standby import Standby

    said, reactor = options.configuration, options.reactor
    if options.parent is not None and options.parent.get("uid") is not None:
        for port in map(portOf, said.listeners):
            if port is not None and 0 < port < FIRST_UNPRIVILEGED:
                remedy = "give that user CAP_NET_BIND_SERVICE as a service manager does"
                fail(f"--standby: after twistd --uid port {port} cannot be bound later; {remedy}")
    threads = Threads(reactor, "spool", 1)
    waiting = Standby(
        said,
        reactor,
        lambda: threads.do(lambda: openSpool(said.spool, reactor)),
        lambda spool: _later(options, spool),
    )
    if options.parent is not None:
        waiting.privilegedStartService()
    return waiting


def _later(options: Options, spool: ISpool) -> CommandLineGateway:
    # The process has begun long ago, and has what rights it has; its files may have changed.
    try:
        now = options.configure(before=options.configuration)
        if now.spool != options.configuration.spool:
            raise Wrong(["another spool needs a restart"])
        options.configuration = now
    except Wrong as wrong:
        for each in wrong.sentences:
            Logger().error("{wrong}", wrong=presentable(each))
        Logger().error("the configuration cannot be used; that of the start is")
    return _made(options, {} if options.parent is not None else None, spool)


def _made(
    options: Options, process: Mapping[str, Any] | None, spool: ISpool | None = None
) -> CommandLineGateway:
    configuration = options.configuration
    gateway = _gateway(options, process or {}, spool)
    transports = [port.transport for port in gateway.server.ports]
    if options.embedded:
        Logger().info(
            "no --printer was given: PORT1 is a virtual printer that keeps every job as a file in"
            " {directory}",
            directory=transports[0].uri.removeprefix("file://"),
        )
    warnings: list[str] = []
    if process is not None:
        with rightsOfJobs(process):
            warnings = _checked(transports)
        gateway.privilegedStartService()
        warnings += filter(None, [openLog(options["log"])])
    warnings += filter(None, [reserve(gateway.factory.limit, CONNECTIONS * len(configuration.web))])
    ports = configuration.sessions.passivePorts
    if ports and len(ports) < gateway.factory.limit:
        few = f"--passive-ports has {len(ports)} for {gateway.factory.limit} sessions"
        warnings.append(f"{few}; a sender that finds none free is refused (425)")
    gateway.warnings = warnings
    options.reactor.callWhenRunning(collector.keepForGood)
    return gateway


def _gateway(
    options: Options, process: Mapping[str, Any], spool: ISpool | None
) -> CommandLineGateway:
    said = options.configuration
    try:
        with rightsOfJobs(process):  # what root makes in the spool, jobs cannot use
            return CommandLineGateway(
                said, options.reactor, lambda before: options.configure(before=before), spool
            )
    except StateUnfit as error:
        fail(f"--state={said.state}: {error}")
    except HistoryUnfit as error:
        fail(f"--history={said.history}: {error}")
    except ValueError as error:
        fail(f"--spool={withoutPassword(said.spool)}: {error}")


def _checked(printers: Sequence[IPrinterTransport]) -> list[str]:
    complaints = complaintsAbout(printers)
    fatal = [f"--printer={complaint.text}" for complaint in complaints if complaint.fatal]
    if fatal:
        fail(*fatal)
    return [complaint.text for complaint in complaints]
