"""
A gateway beside another one with the same spool: it waits for the spool, and takes over when that
is free.

While it waits nobody can connect to it by FTP.  A proxy that tries whether a port is open, and a
sender, are refused at once and go to the gateway that serves; a 421 would have to be read, and is
an error to both.  C{/readyz} says C{standby} with 503.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.application.strports import service as listen
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.error import CannotListenError
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from .configuration import Configuration
from .interfaces import ISpool
from .listeners import whyNot
from .net.reactor import IGatewayReactor
from .process import endWithStatus, fail, reopenLog
from .spool.directory import Taken
from .watch.systemd import Systemd
from .web.reply import Asked, Reply, inJSON
from .web.secure import listening
from .web.site import Site

LOOK = 0.5
"""Seconds between two tries for the spool's lock (chosen): a tenth of the time that a take-over may
take.  A thread that waits inside C{flock} could not be ended."""

STANDBY = "standby"


class StandingBy:
    """What a gateway answers over HTTP while it waits."""

    async def answer(self, asked: Asked) -> Reply:
        """L{Answers<jetdirect.web.site.Answers>}."""
        if asked.path == [b"healthz"]:
            return inJSON(200, {"healthy": True})
        return inJSON(503, {"error": STANDBY})


class Standby(MultiService):
    """Waits for the spool of its configuration; then a gateway is its only part."""

    _log = Logger()
    _bound = False

    def __init__(
        self,
        configuration: Configuration,
        reactor: IGatewayReactor,
        open: Callable[[], Deferred[ISpool]],
        make: Callable[[ISpool], Service],
    ) -> None:
        """
        @param open: tries to have the spool; fails with L{Taken} while another process has it, and
            with L{ValueError} when it cannot be used.
        @param make: makes the gateway that has the spool; may raise L{SystemExit} with a sentence.
        """
        super().__init__()
        self._configuration = configuration
        self._reactor = reactor
        self._make = make
        self._open = open
        # A copy: what it takes out of it is for the gateway, too.
        self._systemd = Systemd(reactor, lambda: (), dict(os.environ))
        self._why = ""
        self._stopping = False
        self._pause: Deferred[None] | None = None
        for place in configuration.web:
            site = Site(StandingBy(), None, reactor)
            where = listening(place, site, lambda: configuration.sessions.certificate)
            listen(*where, reactor=reactor).setServiceParent(self)

    def privilegedStartService(self) -> None:
        """Bind what tells that it stands by: once, while somebody reads what goes wrong."""
        if self._bound:
            return
        self._bound = True
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, self._caught)
        try:
            super().privilegedStartService()
        except (CannotListenError, OSError) as error:
            fail(whyNot(error, self._configuration.web))

    def startService(self) -> None:
        """Wait from now on."""
        super().startService()
        self._systemd.start()
        Deferred.fromCoroutine(self._wait()).addErrback(self._failed)

    def stopService(self) -> Deferred[Any]:
        """Wait no more; or let the gateway stop."""
        self._stopping = True
        self._systemd.stop()
        if self._pause is not None:
            self._pause.cancel()
        stopped: Deferred[Any] = super().stopService()
        return stopped

    # Inside.

    async def _wait(self) -> None:
        while (spool := await self._tried()) is None:
            if self._stopping:
                return
            self._pause = deferLater(self._reactor, LOOK)
            await self._pause
        self._pause = None
        if self._stopping:
            await spool.close()  # a thread had it when nobody wanted it any more
            return
        self._log.info("the spool is free; this gateway takes over")
        self._systemd.stop()
        await DeferredList([each.disownServiceParent() for each in [*self]])
        self._make(spool).setServiceParent(self)

    async def _tried(self) -> ISpool | None:
        path = self._configuration.spool
        try:
            return await self._open()
        except Taken:
            why = f"another gateway has the spool {path}; this one stands by"
        except ValueError as error:
            why = f"the spool {path} cannot be used: {error}; it is tried again"
        if why != self._why:
            self._why = why
            self._systemd.standingBy(why)
            self._log.info("{why}", why=why)
        return None

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(SystemExit):
            self._log.critical("{why}", why=str(failure.value))
        else:
            self._log.failure("the gateway cannot take over", failure)
        # Its end lets go of the spool, so another one that stands by can have it.
        endWithStatus(self._reactor, 1)

    def _caught(self, number: int, frame: object) -> None:
        self._reactor.callFromThread(self._signaled, number)

    def _signaled(self, number: int) -> None:
        name = signal.Signals(number).name
        match name:
            case "SIGUSR1":
                reopenLog(self._log)
            case "SIGHUP":
                told = "the configuration is read again when this gateway takes over"
                self._log.info("Received SIGHUP; {told}", told=told)
            case _:
                self._log.info("Received {signal}; it means nothing here", signal=name)
