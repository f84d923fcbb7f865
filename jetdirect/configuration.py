"""
All that an operator says about one gateway, as one value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from twisted.cred.checkers import ICredentialsChecker

from .ftp.settings import SessionSettings
from .named import NamedPrinter, PortSettings, Printers, checkNames, named
from .spool.where import isDatabase, withoutPassword
from .watch.retention import Retention
from .watch.settings import NotifySettings
from .web.access import Access
from .web.places import exposure


class Said(NamedTuple):
    """
    What an operator has said of an option.

    @ivar text: its value, without secrets.
    @ivar where: the place.
    """

    text: str
    where: str


@dataclass(frozen=True)
class Configuration:
    """
    @ivar printers: what there is to print on; the n-th bare transport is PORTn.
    @ivar listeners: server endpoint strings; C{tls:990}, with what else C{tcp:} takes, is for
        implicit TLS with the certificate of the sessions.
    @ivar sessions: what is set about sessions.
    @ivar defaults: what is set about the printing ports of bare transports.
    @ivar checkers: decide who may print; empty: anybody, under any name.
    @ivar default: the name of the default port; empty: number 1, or the only one.
    @ivar web: server endpoint strings for pages and the command; C{tls:8631} with the certificate
        of the sessions.
    @ivar access: who may ask there, and do what.
    @ivar spool: the directory for the jobs of those ports that keep them, or the URI of a database,
        which may hold a password; empty: none does.
    @ivar state: the directory for what is known after a restart but jobs; empty: the spool.
    @ivar history: the file for what is known of ended jobs; empty: it is in memory.
    @ivar retention: what is kept there.
    @ivar logFormat: how the log is written.
    @ivar notify: who is told of alarms; L{None}: nobody.
    @ivar standby: wait until no other gateway has the spool.
    @ivar file: where it was read; empty: it was said otherwise.
    @ivar said: what was said of options, by their names.
    @ivar remarks: what was said and may not have been meant.
    """

    printers: Printers
    listeners: Sequence[str] = ("tcp:21",)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    defaults: PortSettings = field(default_factory=PortSettings)
    checkers: Sequence[ICredentialsChecker] = ()
    default: str = ""
    spool: str = ""
    web: Sequence[str] = ()
    standby: bool = False
    state: str = ""
    history: str = ""
    retention: Retention = field(default_factory=Retention)
    access: Access = field(default_factory=Access)
    file: str = ""
    said: Mapping[str, Said] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    notify: NotifySettings | None = None
    logFormat: str = "text"

    def __post_init__(self) -> None:
        """
        @raise ValueError: the names of the printing ports are not clear, or one keeps jobs nowhere,
            or strangers could steer the gateway.
        """
        checkNames(self.ports, self.default)
        spooled = [each.name for each in self.ports if each.settings.spool]
        if spooled and not self.spool:
            raise ValueError(f"{spooled[0]} keeps jobs, but there is no spool; name a directory")
        for place in self.web:
            why = exposure(place, bool(self.access.checkers), self.access.behindProxy)
            if why:
                raise ValueError(f"{place}: {why}")

    def warnings(self) -> Iterator[str]:
        """What lets others than by default send what is printed, or was hardly meant."""
        yield from self.remarks
        yield from self.sessions.warnings()
        yield from () if self.notify is None else self.notify.warnings()
        if self.spool and not any(port.settings.spool for port in self.ports):
            yield (
                f"no printing port keeps jobs in the spool {withoutPassword(self.spool)}: say"
                " spool = true in [defaults], or below a [[printer]]"
            )
        yield from self._noRoom()

    def _noRoom(self) -> Iterator[str]:
        if not self.spool or isDatabase(self.spool):
            return
        try:
            there = os.statvfs(self.spool if os.path.isdir(self.spool) else Path(self.spool).parent)
        except OSError:
            return  # the start says why the spool cannot be used
        total = there.f_blocks * there.f_frsize
        for port in self.ports:
            if port.settings.spool and port.settings.minFree.of(total) >= total:
                yield (
                    f"{port.name} refuses every job: min-free is {port.settings.minFree}, and the"
                    f" spool's file system has {total} bytes in all; choose less"
                )

    @cached_property
    def ports(self) -> tuple[NamedPrinter, ...]:
        """The printing ports, each with its share of the sessions."""
        share = self.sessions.share(len(self.printers))
        return tuple(
            replace(each, settings=replace(each.settings, share=share))
            if each.settings.share is None
            else each
            for each in named(self.printers, self.defaults)
        )
