"""
Alarms in words.  No I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .alarms import Digest, Event

LONGEST_NAME = 60
"""Characters of a printing port's name in a subject."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "port.stopped": ("{port} is stopped", "{many} ports are stopped"),
    "port.recovered": ("{port} works again", "{many} ports work again"),
    "queue.old": ("jobs wait long at {port}", "jobs wait long at {many} ports"),
    "queue.recovered": ("no job waits long at {port}", "no job waits long at {many} ports"),
    "job.held": ("jobs are held at {port}", "jobs are held at {many} ports"),
    "spool.short": ("the spool is short of space", ""),
    "spool.failed": ("the spool has failed", ""),
    "spool.recovered": ("the spool is well again", ""),
    "config.rejected": ("the configuration was refused", ""),
    "test": ("this is a test", ""),
}


def headline(digest: Digest) -> str:
    """What it is about: names of printing ports, numbers, and nothing that a sender says."""
    ports: dict[str, set[str]] = {}
    for each in digest.events:
        ports.setdefault(each.event, set()).add(each.port)
    parts = []
    for event, names in ports.items():
        one, many = _WORDS[event]
        name = min(names)[:LONGEST_NAME]
        parts.append(many.format(many=len(names)) if len(names) > 1 else one.format(port=name))
    still = "still: " if all(each.reminder for each in digest.events) else ""
    return still + ", ".join(parts) + (", and more" if digest.more else "")


def subject(digest: Digest, gateway: str) -> str:
    """
    Of a mail.

    @param gateway: the name of the machine.
    """
    return f"jetdirect on {gateway}: {headline(digest)}"


def line(event: Event) -> str:
    """One of the lines of a mail."""
    when = datetime.fromtimestamp(event.since).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    return f"{'still, since' if event.reminder else 'since'} {when}: {event.text}"


def lasted(seconds: float) -> str:
    """A duration in its largest unit, as people say it."""
    for most, unit, length in ((120, "s", 1), (7200, "min", 60), (48 * 3600, "h", 3600)):
        if seconds < most:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"
