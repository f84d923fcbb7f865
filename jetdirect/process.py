"""
The process of C{twistd jetftp}: its signals, its clock, its listeners and its end.

A start that fails says so in one line on standard error and ends with status 1, before C{twistd}
becomes a daemon: behind a daemon nobody reads.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IReactorCore
from twisted.internet.tcp import Port
from twisted.logger import Logger
from twisted.python.failure import Failure

from . import logfile
from .configuration import Configuration
from .gateway import Gateway
from .interfaces import ISpool
from .listeners import whyNot
from .net.listener import Listener
from .net.reactor import IGatewayReactor
from .overview import Reload
from .spool.threads import Threads
from .spool.turns import Turns
from .text import presentable
from .transports.checks import seen, tried, unknownHosts
from .watch.systemd import Systemd
from .words import Wrong


def fail(*sentences: str) -> NoReturn:
    """End the process, which has not begun: a line each on standard error, status 1."""
    raise SystemExit("\n".join(f"jetftp: {presentable(each)}" for each in sentences))


def reopenLog(log: Logger) -> None:
    """SIGUSR1: the log goes on in the file that has its name now."""
    try:
        file = logfile.reopen()
    except OSError as error:
        told = f"the log goes on where it was: {error.filename}: {error.strerror}"
        log.error("Received SIGUSR1; {told}", told=told)
    else:
        told = "the log file was opened anew" if file else "there is no log file to open anew"
        log.info("Received SIGUSR1; {told}", told=told)


def endWithStatus(reactor: IReactorCore, status: int) -> None:
    """Stop the reactor, and end the process with this status; C{twistd} itself would end with 0."""

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    atexit.register(end)
    reactor.stop()


SERVES_WITHIN = 20.0
"""Seconds until senders are let in though the spool could not be opened: those to ports that stream
are served, and the others are told (chosen)."""


def _accept(port: Any, accepting: bool) -> Any:
    if isinstance(port, (Listener, Port)):  # a Unix socket's is one, too; one in memory is none
        (port.startReading if accepting else port.stopReading)()
    return port


class CommandLineGateway(Gateway):
    """
    A gateway whose user typed a command, and wants a sentence when it cannot listen.

    @ivar warnings: what the start is to say besides.
    @ivar systemd: told how the gateway is, if systemd started it.
    """

    warnings: Sequence[str] = ()
    _bound = False
    _serving: IDelayedCall | None = None

    def __init__(
        self,
        configuration: Configuration,
        reactor: IGatewayReactor,
        configure: Callable[[Configuration], Configuration],
        spool: ISpool | None = None,
    ) -> None:
        """
        @param configure: reads the configuration anew; what was made of the same words is used
            again; raises L{Wrong}.
        """
        self.reloader = self.reload
        super().__init__(configuration, reactor, spool)
        self._configure = configure
        self._reloads = Turns()
        self._reading = Threads(reactor, "configuration", 1)
        self.systemd = Systemd(reactor, lambda: self.operator.ports())

    def privilegedStartService(self) -> None:
        """
        Take the signals and bind the ports: once, while somebody reads what goes wrong.

        The signals come first: none of those that people send to have something read again, or a
        log rotated, ends a gateway that has begun.
        """
        if self._bound:
            return
        self._bound = True
        signal.signal(signal.SIGHUP, self._fromSignal(self._reload))
        signal.signal(signal.SIGUSR1, self._fromSignal(reopenLog, self._log))
        signal.signal(signal.SIGUSR2, self._fromSignal(self._ignored, signal.SIGUSR2))
        try:
            super().privilegedStartService()
        except (CannotListenError, OSError) as error:
            fail(whyNot(error, self.configuration.web))

    def startService(self) -> None:
        """Serve."""
        self.privilegedStartService()
        if self.systemd.listens:
            self.server.watch(self.systemd, changes=False)
            self.systemd.start()
        self._accept(False)
        self._serving = self._reactor.callLater(SERVES_WITHIN, self._serve)
        super().startService()
        self._warn(self.warnings)
        self._warnOfCertificate()
        transports = [port.transport for port in self.server.ports]
        unknownHosts(self._reactor, transports).addCallback(self._unknown)
        self.factory.announced.prepare()

    def stopService(self) -> Deferred[Any]:
        """Let running jobs finish, also when the end is asked for again (an error to Twisted)."""
        if signal.getsignal(signal.SIGTERM) == getattr(self._reactor, "sigTerm", None):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._fromSignal(self._again, number))
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.cancel()
        self.systemd.stopping(self.factory.settings.drainTimeout)
        return super().stopService().addBoth(self._hasStopped)

    def _hasBegun(self, result: object) -> None:
        super()._hasBegun(result)
        self._reactor.callWhenRunning(self._serve)

    def _serve(self) -> None:
        # Senders that came before wait in the sockets: a job would have been refused (450).
        serving, self._serving = self._serving, None
        if serving is None:
            return
        if serving.active():
            serving.cancel()
        self._accept(True)
        self.systemd.ready()

    def _accept(self, accepting: bool) -> None:
        for listener in self.configuration.listeners:
            service: Any = self.getServiceNamed(listener)
            service._waitingForPort.addCallback(_accept, accepting)

    def _hasStopped(self, result: object) -> object:
        self.systemd.stop()
        return result

    def _fromSignal(self, act: Callable[..., None], *arguments: object) -> Callable[..., None]:
        return lambda *_: self._reactor.callFromThread(act, *arguments)

    def _warn(self, warnings: Sequence[str]) -> None:
        for warning in warnings:
            self._log.warn("{warning}", warning=presentable(warning))

    def _unknown(self, hosts: list[str]) -> None:
        for host in hosts:
            told = "its jobs get 450 until it is"
            self._log.warn(
                "the printer's host {host} is not known now; {told}", host=host, told=told
            )

    def _ignored(self, number: signal.Signals) -> None:
        self._log.info("Received {signal}; it means nothing here", signal=number.name)

    def _again(self, number: signal.Signals) -> None:
        self._log.info("Received {signal} again; {what}", signal=number.name, what=self.awaited())

    def reload(self) -> Deferred[list[str]]:
        """
        Read the configuration again, and go on with it: as a whole, or not at all.  The log says
        what came of it.

        @return: fires with what has changed, a line each; fails with L{Wrong}: it cannot be, and
            nothing has changed.
        """
        return self._reloads.do(None, lambda: Deferred.fromCoroutine(self._logged()))

    async def _logged(self) -> list[str]:
        refused = ""
        self.systemd.reloading()
        try:
            told = await self._reloaded()
        except Wrong as wrong:
            refused = wrong.sentences[0]
            self.lastReload = Reload(time.time(), errors=wrong.sentences)
            for each in wrong.sentences:
                self._log.error("{wrong}", wrong=presentable(each))
            self._log.error("nothing has changed: the configuration cannot be used")
            self.rejected([presentable(each) for each in wrong.sentences])
            raise
        else:
            self.rejected([])
            self.lastReload = Reload(time.time(), told)
            return told
        finally:
            self.systemd.reloaded(refused)

    async def _reloaded(self) -> list[str]:
        # A file of thousands of printers takes its time, and disks do; senders do not wait for it.
        before = self.configuration
        configuration = await self._reading.do(lambda: self._configure(before))
        had = {id(port.transport) for port in self.server.ports}
        transports = [port.transport for port in configuration.ports]
        new = [each for each in transports if id(each) not in had]
        kept = [each for each in transports if id(each) in had]
        complaints = seen(new, beside=kept) + tried(new)
        fatal = [complaint.text for complaint in complaints if complaint.fatal]
        if fatal:
            raise Wrong(fatal)
        try:
            told = self.apply(configuration)
        except (CannotListenError, OSError) as error:
            raise Wrong([whyNot(error, configuration.web)]) from None
        except ValueError as error:
            raise Wrong([str(error)]) from None
        logfile.writeAs(configuration.logFormat)
        self._warn([complaint.text for complaint in complaints])
        self._warnOfCertificate()
        unknownHosts(self._reactor, new).addCallback(self._unknown)
        return told

    def _warnOfCertificate(self) -> None:
        certificate = self.configuration.sessions.certificate
        self._warn(certificate.warnings if certificate is not None else ())

    def _reload(self) -> None:
        self._log.info("Received SIGHUP; the configuration is read again")
        self.reload().addErrback(self._notReloaded)

    def _notReloaded(self, failure: Failure) -> None:
        if not failure.check(Wrong):  # whose sentences the log has
            self._log.failure("the configuration cannot be read again", failure)
