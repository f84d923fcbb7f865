"""
What is set, for people who look at a running gateway, and for programs.  No I/O, and no secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .changes import differing
from .commandline import ALARMS, NEVER_IN_A_FILE, OPTIONS
from .configuration import Configuration
from .options import Option, shown


@dataclass(frozen=True)
class Reload:
    """
    What came of reading the configuration again.

    @ivar when: in seconds since the epoch.
    @ivar changes: what is otherwise now, a line each.
    @ivar errors: why nothing is, a sentence each.
    """

    when: float
    changes: Sequence[str] = ()
    errors: Sequence[str] = ()


def overview(configuration: Configuration, reloads: bool, last: Reload | None) -> dict[str, Any]:
    """
    All options, each with its value and where that was said; and the last reload.

    @param reloads: can the configuration be read again?
    """
    options = [
        {
            "name": option.name,
            "topic": option.topic,
            "value": _value(configuration, option),
            "where": configuration.said[option.name].where.removesuffix(f": {option.name}")
            if option.name in configuration.said
            else None,
        }
        for option in OPTIONS
        if option.name not in NEVER_IN_A_FILE
    ]
    told = str(configuration.notify or "nobody")
    options.append({"name": "notify", "topic": ALARMS, "value": told, "where": None})
    return {
        "file": configuration.file or None,
        "options": options,
        "reloads": reloads,
        "reloaded": None
        if last is None
        else {
            "time": datetime.fromtimestamp(last.when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "changes": [*last.changes],
            "errors": [*last.errors],
        },
    }


def settingsOf(configuration: Configuration, name: str) -> list[tuple[str, str]]:
    """What is set otherwise for a printing port than for all: names of options, and values."""
    for port in configuration.ports:
        if port.name.upper() == name.upper():
            found = differing(configuration.defaults, port.settings)
            told = ("share", "spool", "description", "location")  # or it is told elsewhere
            return [(option.name, is_) for option, is_, _ in found if option.setting not in told]
    return []


def _value(configuration: Configuration, option: Option) -> str:
    if option.name in configuration.said:
        return configuration.said[option.name].text
    for settings in (configuration.sessions, configuration.defaults):
        if option.setting and hasattr(settings, option.setting):
            return shown(option, getattr(settings, option.setting))
    default = False if not option.value else option.default
    return "none" if default is None and not option.otherwise else shown(option, default)
