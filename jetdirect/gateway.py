"""
A gateway as one service: listen, print, and stop without a lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.application.service import IService, MultiService
from twisted.application.strports import service as listen
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from .certificate import ServerCertificate
from .changes import changes
from .configuration import Configuration
from .ftp.factory import PortFactory, PrintFTPFactory
from .ftp.realm import AnyName, PrintRealm
from .interfaces import IAlarmReceiver, IHistory, IMetrics, ISpool
from .listeners import portOf, roomy
from .net.network import networkOf
from .overview import Reload, overview, settingsOf
from .server import PrintServer
from .spool.threads import LAST_WRITES
from .stores import Stores
from .text import presentable
from .verbs import Operator
from .watch.log import LogWatcher
from .watch.recent import Recent
from .web.secure import isSecure, listening

if TYPE_CHECKING:  # loaded by a gateway that has them: a start takes the time that its modules do
    from .watch.notify import Notifier
    from .web.side import WebSide

NAMED = 10
"""Jobs that are named when the end waits for them; of more there is a number."""

FOR_GOOD = {
    "spool": "spool",
    "state": "state directory",
    "history": "history",
    "standby": "value of standby",
}
"""Fields of a L{Configuration} that a running gateway does not change, and what they are."""


class Gateway(MultiService):
    """
    A print server with an FTP side to it.

    @ivar configuration: what it runs by now.
    @ivar server: the printing ports and jobs; list them, cancel a job by number.
    @ivar operator: what a person can do with them: L{IOperator
        <jetdirect.interfaces.IOperator>}.
    @ivar spool: where jobs are kept; L{None}: nowhere.
    @ivar history: the jobs that have ended.
    @ivar factory: makes the FTP sessions.
    @ivar reloader: reads the configuration again, and goes on with it; L{None}: nobody can.
    @ivar lastReload: what came of that last; L{None}: it was never done.
    """

    reloader: Callable[[], Deferred[list[str]]] | None = None
    lastReload: Reload | None = None
    _begun = False
    _drained = 0.0
    _log = Logger()

    def __init__(
        self,
        configuration: Configuration,
        reactor: object,
        spool: ISpool | None = None,
        history: IHistory | None = None,
    ) -> None:
        """
        @param reactor: one of Twisted's, see
            L{IGatewayReactor<jetdirect.net.reactor.IGatewayReactor>}.
        @param spool: where jobs are kept; L{None}: in the directory of the configuration, if it
            names one.
        @param history: what knows the jobs that have ended; L{None}: likewise, or in memory.
        @raise HistoryUnfit: that cannot be the history; L{StateUnfit}: likewise.
        @raise ValueError: that cannot be a spool; the message says why, and what to do.
        """
        super().__init__()
        self.configuration = configuration
        self._reactor = network = networkOf(reactor)
        self.server = PrintServer(configuration.ports, network, default=configuration.default)
        self._stores = Stores(configuration, self.server, network, spool, history)
        self.spool, self.history = self._stores.spool, self._stores.history
        self.operator = Operator(self.server, self.history)
        self.server.watch(LogWatcher(), changes=False)
        self.server.watch(self.history, changes=False)
        self.factory = PrintFTPFactory(
            self._portal(configuration),
            network,
            configuration.sessions,
            len(configuration.printers),
        )
        self._metrics: IMetrics | None = None
        self._recent = Recent()
        self._web: WebSide | None = None
        self._notifier: Notifier | None = None
        for make in self._services(configuration).values():
            make().setServiceParent(self)

    def apply(self, configuration: Configuration) -> list[str]:
        """
        Go on with another configuration: as a whole, or not at all.

        Running jobs end under what they began with, and so do sessions; limits count at once.

        @return: what has changed, a line each; the log has them, too.
        @raise ValueError: it cannot be; the message says why, and nothing has changed.
        @raise CannotListenError: a new listener cannot be bound; nothing has changed.
        """
        before = self.configuration
        for name, what in FOR_GOOD.items():
            if getattr(configuration, name) != getattr(before, name):
                raise ValueError(f"another {what} needs a restart")
        receiving = self._receivers(configuration)
        self.server.check(configuration.ports, configuration.default)
        told = self._applyListeners(before, configuration)
        self.configuration = configuration
        self.history.retention = configuration.retention
        told += self.server.apply(configuration.ports, configuration.default)
        if configuration.checkers != before.checkers:
            self.factory.portal = self._portal(configuration)
        told += self.factory.apply(configuration.sessions, len(configuration.printers))
        told += changes(before, configuration)
        if self._notifier is None or configuration.notify != before.notify:
            self._tellAlarms(receiving)
        else:
            self._notifier.keep(map(self.server.portRecord, self.server.ports))
        for line in told:
            self._log.info("{change}", change=line)
        if not told:
            self._log.info("nothing has changed")
        return told

    def _applyListeners(self, before: Configuration, now: Configuration) -> list[str]:
        told = []
        new: list[IService] = []
        was, is_ = self._services(before), self._services(now)
        try:
            for name, make in is_.items():
                if name not in was:
                    new.append(make())
                    new[-1].setServiceParent(self)
                    told.append(f"now listening at {name}")
        except Exception:
            for each in new:
                each.disownServiceParent()
            raise
        for name in was:
            if name not in is_:
                self.getServiceNamed(name).disownServiceParent()
                told.append(f"no longer listening at {name}; its sessions go on")
        return told

    def _services(self, configuration: Configuration) -> dict[str, Callable[[], IService]]:
        """What listens, by its name: makers of services."""
        made: dict[str, Callable[[], IService]] = {}
        for listener in configuration.listeners:
            made[listener] = partial(self._listen, listener)
        for place in configuration.web:
            made[f"web {place}"] = partial(self._listenWeb, place)
        return made

    def _portal(self, configuration: Configuration) -> Portal:
        realm = PrintRealm(self.server, proven=bool(configuration.checkers))
        return Portal(realm, configuration.checkers or [AnyName()])

    def _listen(self, listener: str) -> IService:
        service = listen(*self._listener(listener), reactor=self._reactor)
        service.setName(listener)
        return service

    def _listenWeb(self, place: str) -> IService:
        from .onlookers import counting
        from .web.side import WebSide

        if self._metrics is None:
            sessions = self.factory.sessions
            self._metrics = counting(self.server, lambda: len(sessions), self._reactor)
        self._recent.begin()
        if self._web is None:
            self._web = WebSide(
                self.operator,
                self.server,
                self._reactor,
                ready=self._whyNotReady,
                reload=self.reloader,
                metrics=self._metrics,
                access=lambda: self.configuration.access,
                settings=self._overview,
                settingsOf=lambda name: settingsOf(self.configuration, name),
                listener=self._senders,
                lines=self._recent.lines,
                wallClock=lambda: self.server.wallClock(),
            )
        site = self._web.site(isSecure(place))
        service = listen(*listening(place, site, self._certificate), reactor=self._reactor)
        service.setName(f"web {place}")
        return service

    def _certificate(self) -> ServerCertificate | None:
        return self.configuration.sessions.certificate

    def _overview(self) -> dict[str, Any]:
        return overview(self.configuration, self.reloader is not None, self.lastReload)

    def _senders(self) -> int | None:
        # Where an upload can be tried: the port that is bound, where any free one was wanted.
        for listener in self.configuration.listeners:
            port = portOf(listener)
            if port:
                return port
        return None

    def _whyNotReady(self) -> str:
        spooling = self.server.spooling
        if not self.running:
            return "the gateway does not serve now"
        if not self._begun:
            return "the spool is not open yet"
        broken = None if spooling is None else spooling.broken
        return "" if broken is None else broken.reason

    def _listener(self, text: str) -> tuple[str, IProtocolFactory]:
        text = roomy(text)
        match text.partition(":"):
            case "tls", _, place:
                return f"tcp:{place}", PortFactory(self.factory, tls=True)
            case "haproxy", _, _:
                return text, PortFactory(self.factory, proxy=True)
            case _:
                return text, self.factory

    def startService(self) -> None:
        """Begin to listen."""
        self.factory.startSessions()
        self.server.begin().addCallbacks(self._hasBegun, self._notBegun)
        super().startService()
        if not self.configuration.checkers:
            self._log.info("anybody who can connect may print, under any name")
        for warning in self.configuration.warnings():
            self._log.warn("{warning}", warning=warning)
        for port in self.server.ports:
            self._log.info(
                "{port} prints to {uri} ({description}){kept}",
                kept=", from the spool" if port.settings.spool else "",
                port=port.name,
                uri=presentable(port.transport.uri),
                description=presentable(port.description),
            )
            port.ask()

        self._tellAlarms(self._receivers(self.configuration))

    def _receivers(self, configuration: Configuration) -> Sequence[IAlarmReceiver]:
        if configuration.notify is None:
            return ()
        from .onlookers import receivers

        return receivers(configuration.notify, self._reactor)

    def _tellAlarms(self, told: Sequence[IAlarmReceiver]) -> None:
        self._tellNoAlarms()
        settings = self.configuration.notify
        if settings is not None and self.running:
            from .onlookers import telling

            self._notifier = telling(
                self.server,
                settings,
                told,
                self._reactor,
                lambda record: self.configuration.retention.kept(record),
            )

    def _tellNoAlarms(self) -> None:
        notifier, self._notifier = self._notifier, None
        if notifier is not None:
            self.server.unwatch(notifier)
            notifier.stop()

    def rejected(self, sentences: Sequence[str]) -> None:
        """
        A configuration was refused, and the one before goes on.

        @param sentences: what is wrong; none: another one was taken.
        """
        if self._notifier is not None:
            self._notifier.rejected(sentences)

    def stopService(self) -> Deferred[Any]:
        """
        Stop listening and end the sessions.

        Running jobs have the drain time-out to finish; what is not complete then is aborted, and
        its senders are told so.  A printer that does not let go of an aborted job is left.

        @return: fires less than 5 s after the drain time-out, whatever printers and senders do.
        """
        drain = self.factory.settings.drainTimeout
        self._drained = self._reactor.seconds() + drain
        self._log.info("the gateway stops: {what}", what=self.awaited())
        stopped = super().stopService()
        self._tellNoAlarms()
        self.server.askNoMore()
        end = self._reactor.seconds() + drain + LAST_WRITES
        self._recent.end()
        if self._web is not None:
            self._web.stop()
        all = DeferredList(
            [
                stopped,
                self.factory.stopSessions(drain),
                self.server.stop(drain),
            ]
        )
        return all.addCallback(lambda _: Deferred.fromCoroutine(self._close(end)))

    async def _close(self, end: float) -> None:
        # The last thing: a job that came in at the end was still to be kept.  There is left of the
        # drain time-out what jobs have not needed.
        await self._stores.close(end - self._reactor.seconds())

    def awaited(self) -> str:
        """What the end waits for, and for how long yet."""
        coming = [each for each in self.server.jobs if "job-incoming" in each.reasons]
        known = {each.number: each for each in (*coming, *self.server.printing)}
        jobs = [each for each in known.values() if not each.ended]
        left = max(self._drained - self._reactor.seconds(), 0.0)
        said = [f"job {each.number} on {each.port} ({each.bytes} bytes)" for each in jobs[:NAMED]]
        said += [f"{len(jobs) - NAMED} more"] if jobs[NAMED:] else []
        told = (
            f"{', '.join(said)} may take {left:.0f} s to finish" if jobs else "no job is under way"
        )
        spooling = self.server.spooling
        queues = () if spooling is None else spooling.queues.values()
        # The last one may have ended, with its bytes still to be removed.
        kept = sum(max(each.queued - (each.printing is not None), 0) for each in queues)
        many = "a kept job waits" if kept == 1 else f"{kept} kept jobs wait"
        return f"{told}; {many} for the next start" if kept else told

    def _hasBegun(self, _: object) -> None:
        self._begun = True
        if self._notifier is not None:
            self._notifier.keep(map(self.server.portRecord, self.server.ports))

    def _notBegun(self, failure: Failure) -> None:
        self._log.failure("the spool cannot be opened", failure)
