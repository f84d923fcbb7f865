"""
Times as people write them.  No I/O.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

REMEDY = (
    "give a day (2026-11-30, today, yesterday), a time (14:00, 2026-11-30T14:00) or how long ago it"
    " was (90m, 12h, 7d)"
)

_AGO = re.compile(r"(\d{1,6})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?", re.ASCII)
_DAYS = {"today": 0, "yesterday": 1}


def moment(text: str, now: datetime | None = None) -> str:
    """
    A time in this machine's time zone, or in the one that it names.

    @param now: the time now, with a time zone.
    @return: as RFC 3339 writes it, in UTC.
    @raise ValueError: it is none; the message is the remedy.
    """
    now = now or datetime.now().astimezone()
    try:
        found = _read(text.strip().lower(), now)
        return found.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise ValueError(REMEDY) from None


def _read(text: str, now: datetime) -> datetime:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if text in _DAYS:
        return midnight - timedelta(days=_DAYS[text])
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    if _CLOCK.fullmatch(text):
        return datetime.fromisoformat(f"{midnight.date()}T{text.rjust(5, '0')}")
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        raise ValueError
    return datetime.fromisoformat(text.upper())
