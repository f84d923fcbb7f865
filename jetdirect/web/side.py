"""
The parts of the gateway's web side, put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ..interfaces import IMetrics, IOperator, IWatcher
from .access import Access
from .api import API
from .events import Streams
from .notes import Notes
from .pages import Facts, Pages
from .router import Router
from .site import Site


class WebSide:
    """Makes the sites of one gateway, which all show the same."""

    def __init__(
        self,
        operator: IOperator,
        server: Any,
        reactor: IReactorTime,
        *,
        ready: Callable[[], str],
        reload: Callable[[], Deferred[list[str]]] | None,
        metrics: IMetrics | None,
        access: Callable[[], Access],
        settings: Callable[[], Mapping[str, Any]],
        settingsOf: Callable[[str], Sequence[tuple[str, str]]],
        listener: Callable[[], int | None],
        lines: Callable[[], Sequence[tuple[int, str, str]]],
        wallClock: Callable[[], float],
    ) -> None:
        """
        @param server: whose jobs and ports are watched while somebody looks.
        @param ready: and the others, see L{API}, L{Router} and L{Facts}.
        """
        self._reactor = reactor
        api = API(operator, ready, reload, metrics, settings)
        notes = Notes(reactor)
        facts = Facts(listener, settings, settingsOf, lines, wallClock)
        pages = Pages(api, operator, notes, facts)

        def watch(watcher: IWatcher) -> None:
            server.watch(watcher, progress=True)

        self._streams = Streams(pages, reactor, watch, server.unwatch)
        self._router = Router(api, pages, notes, access, reactor, wallClock)

    def site(self, secure: bool = False) -> Site:
        """What one listener serves."""
        return Site(self._router, self._streams, self._reactor, secure)

    def stop(self) -> None:
        """Nobody is told any more."""
        self._streams.stop()
