"""
Directory listings: in the form of C{ls -l}, which every client's parser was written for, and in
that of RFC 3659.  No I/O.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from .text import encoded, legible

_HALF_A_YEAR = 182 * 24 * 3600
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Entry(NamedTuple):
    """
    One line of a listing.

    @ivar name: any words; what controls terminals is made visible.
    @ivar modified: seconds since the epoch.
    @ivar owner: any words; blanks are replaced, because parsers count columns.
    """

    name: str
    directory: bool
    size: int
    modified: float
    owner: str


def longListing(entries: Iterable[Entry], now: float) -> bytes:
    """The answer to LIST: nothing in it may be read, so C{r} is in no mode."""
    dated = cache(_date)  # a session stores many names in one minute
    lines = [
        _line(entry, dated(entry.modified // 60, 0 <= now - entry.modified < _HALF_A_YEAR))
        for entry in entries
    ]
    return encoded("".join(lines))


def nameListing(entries: Iterable[Entry]) -> bytes:
    """The answer to NLST."""
    return encoded("".join([f"{legible(entry.name)}\r\n" for entry in entries]))


def machineFacts(entry: Entry) -> str:
    """The facts of MLST and MLSD (RFC 3659, section 7.5)."""
    kind = "type=dir;" if entry.directory else f"type=file;size={entry.size};"
    perm = "cefm" if entry.directory else "adfw"
    return f"{kind}modify={modifiedStamp(entry.modified)};perm={perm};"


def machineListing(entries: Iterable[Entry]) -> bytes:
    """The answer to MLSD."""
    return encoded("".join([f"{machineFacts(each)} {legible(each.name)}\r\n" for each in entries]))


@lru_cache(maxsize=16)
def modifiedStamp(seconds: float) -> str:
    """A time as MDTM and MLSx write it (RFC 3659, section 2.3): C{YYYYMMDDHHMMSS} in UTC."""
    return "{:04}{:02}{:02}{:02}{:02}{:02}".format(*time.gmtime(seconds)[:6])


def _date(minute: float, recent: bool) -> str:
    date = time.gmtime(minute * 60)
    clock = f"{date.tm_hour:02}:{date.tm_min:02}" if recent else f"{date.tm_year:5}"
    return f"{_MONTHS[date.tm_mon - 1]} {date.tm_mday:2} {clock}"


def _line(entry: Entry, date: str) -> str:
    mode = "d-wx-wx-wx" if entry.directory else "--w--w--w-"
    owner = "-" if entry.owner == "-" else legible("_".join(entry.owner.split())) or "-"
    return f"{mode} 1 {owner:<8} printer {entry.size:>12} {date} {legible(entry.name)}\r\n"
