"""
What differs between two configurations, in the words in which an operator says it.  No I/O.
"""

from __future__ import annotations

from collections.abc import Iterator

from .commandline import OPTIONS, PORT_OPTIONS
from .configuration import Configuration
from .ftp.settings import SessionSettings
from .named import PortSettings, named
from .options import Option, shown


def changes(before: Configuration, now: Configuration) -> Iterator[str]:
    """
    What has been set otherwise, a line each; not which ports there are, and what is behind them.
    """
    yield from _sessions(before.sessions, now.sessions)
    # As it was said: the share of the sessions that goes by the number of ports is told once.
    known = {port.name.upper(): port for port in named(before.printers, before.defaults)}
    for port in named(now.printers, now.defaults):
        old = known.get(port.name.upper())
        if old is None or old.settings is port.settings or old.settings == port.settings:
            continue
        for option, is_, was in differing(old.settings, port.settings):
            yield f"{port.name}: {option.name} is {is_}, was {was}"
    for name in ("days", "rows", "bytes", "names"):
        is_, was = getattr(now.retention, name), getattr(before.retention, name)
        if is_ != was:
            key = name if name == "names" else f"history-{name}"
            yield f"{key} is {is_}, was {was}"
    if before.logFormat != now.logFormat:
        yield f"log-format is {now.logFormat}, was {before.logFormat}"
    if before.notify != now.notify:
        yield f"alarms go to {now.notify or 'nobody'} from now on"
    if before.checkers != now.checkers:
        yield "auth is another one for the next login"
    yield from _access(before, now)


def differing(before: PortSettings, now: PortSettings) -> Iterator[tuple[Option, str, str]]:
    """What is set otherwise about a printing port: the option, its value now and before."""
    for option in PORT_OPTIONS:
        if not option.setting:
            continue
        was, is_ = getattr(before, option.setting), getattr(now, option.setting)
        if was != is_:
            yield option, shown(option, is_), shown(option, was)


def _access(before: Configuration, now: Configuration) -> Iterator[str]:
    if before.access.checkers != now.access.checkers:
        yield "web-auth is another one from now on"
    for option in OPTIONS:
        field = _ACCESS.get(option.name)
        if field is None:
            continue
        was, is_ = getattr(before.access, field), getattr(now.access, field)
        if was != is_:
            texts = shown(option, is_) or "none", shown(option, was) or "none"
            yield "{} is {}, was {}".format(option.name, *texts)


_ACCESS = {
    "web-host": "hosts",
    "web-behind-proxy": "behindProxy",
    "web-see": "see",
    "web-operate": "operate",
    "web-administer": "administer",
}


_AT_ONCE = {"maxSessions", "maxSessionsPerHost", "drainTimeout"}
"""What is asked of no session, but of all of them."""


def _sessions(before: SessionSettings, now: SessionSettings) -> Iterator[str]:
    for option in OPTIONS:
        if not hasattr(before, option.setting):
            continue
        was, is_ = getattr(before, option.setting), getattr(now, option.setting)
        if was != is_:
            begins = "" if option.setting in _AT_ONCE else " from the next session on"
            yield f"{option.name} is {shown(option, is_)}{begins}, was {shown(option, was)}"
    if before.certificate != now.certificate:
        yield "the certificate was read again; it counts from the next session on"
