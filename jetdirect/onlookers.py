"""
Who looks on from outside, and what they see of a gateway: its numbers, and its alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from socket import gethostname

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from .interfaces import IAlarmReceiver, IMetrics
from .net.reactor import INetworkReactor
from .record import JobRecord
from .server import PrintServer
from .spool.record import Room
from .watch.notify import Notifier, Seen
from .watch.settings import NotifySettings

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def counting(
    server: PrintServer, sessions: Callable[[], int], reactor: IReactorTime
) -> IMetrics | None:
    """
    The numbers of a server, from now on; L{None}: what writes them is not installed.

    @param sessions: how many control connections there are.
    """
    try:
        from .watch.metrics import Metrics, Waiting
    except ImportError:
        return None

    def ports() -> Iterator[Waiting]:
        for port in server.ports:
            yield Waiting(server.portRecord(port), server.waitAt(port))
        for each in server.removed:
            yield Waiting(each, 0.0)

    metrics = Metrics(reactor, ports, sessions, lambda: server.spoolBytes)
    server.watch(metrics, changes=False)
    return metrics


def receivers(settings: NotifySettings, reactor: INetworkReactor) -> Sequence[IAlarmReceiver]:
    """
    The mail addresses and webhooks that are told of alarms.

    @raise ValueError: one of them cannot be trusted.
    """
    from .watch.mail import MailReceiver
    from .watch.webhook import WebhookReceiver

    here = gethostname()
    found: list[IAlarmReceiver] = [
        MailReceiver(reactor, settings.smtp, settings.sender, each, here)
        for each in dict.fromkeys(settings.mailTo)
    ]
    if settings.webhook is not None:
        found.append(WebhookReceiver(reactor, settings.webhook, settings.secret, here))
    return found


def telling(
    server: PrintServer,
    settings: NotifySettings,
    told: Sequence[IAlarmReceiver],
    reactor: IReactorTime,
    shown: Callable[[JobRecord], JobRecord],
) -> Notifier:
    """
    Have operators told of what stands against printing, from now on.

    @param shown: a job as others may know it.
    """
    notifier = Notifier(
        reactor, settings, told, _Watched(server), lambda: server.wallClock(), shown
    )
    server.watch(notifier, changes=False)
    notifier.keep(map(server.portRecord, server.ports))
    notifier.start()
    return notifier


class _Watched:
    """L{Watched<jetdirect.watch.notify.Watched>}."""

    def __init__(self, server: PrintServer) -> None:
        self._server = server

    def ports(self) -> Iterator[Seen]:
        for port in self._server.ports:
            queue = self._server.queue(port)
            if queue is None or queue.mine:
                yield Seen(port.name, self._server.waitAt(port))

    def printing(self) -> Sequence[JobRecord]:
        return self._server.printing

    def broken(self) -> str:
        spooling = self._server.spooling
        broken = None if spooling is None else spooling.broken
        return "" if broken is None else broken.reason

    def short(self) -> Deferred[str]:
        spooling = self._server.spooling
        settings = [port.settings for port in self._server.ports if port.settings.spool]
        if spooling is None or not settings:
            return succeed("")

        def judged(room: Room) -> str:
            least = max(each.minFree.of(room.total) for each in settings)
            if room.free >= 2 * least:
                return ""
            return (
                f"the spool is short of space: {_size(room.free)} of {_size(room.total)} are free,"
                f" below {_size(least)} jobs are refused (452)"
            )

        return spooling.spool.room().addCallback(judged)


def _size(number: float) -> str:
    for unit in _UNITS[:-1]:
        if number < 999.5:  # else its three digits would be 1e+03
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} {_UNITS[-1]}"
