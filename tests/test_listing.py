"""
A listing looks like C{ls -l}, because every client parses that.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from jetdirect.ftp.listing import (
    Entry,
    longListing,
    machineListing,
    modifiedStamp,
    nameListing,
)

NOON = 1_750_000_000.0
"""2025-06-15 15:06:40 UTC."""

DAY = 24 * 3600.0

COLUMNS = re.compile(
    rb"(?P<mode>[d-][r-][w-][x-][r-][w-][x-][r-][w-][x-]) 1 (?P<owner>\S+) +(?P<group>\S+) +"
    rb"(?P<size>\d+) (?P<date>[A-Z][a-z]{2} [ \d]\d [ \d:]{5}) (?P<name>[^\r\n]+)\r\n"
)


def entry(**facts: object) -> Entry:
    """A file of ten bytes, but for C{facts}."""
    usual = {"name": "a", "directory": False, "size": 10, "modified": NOON, "owner": "x"}
    return Entry(**{**usual, **facts})  # type: ignore[arg-type]


def columns(one: Entry, now: float = NOON) -> dict[str, str]:
    """The line of C{one}, taken apart as a client does it."""
    found = COLUMNS.fullmatch(longListing([one], now))
    assert found is not None
    return {name: text.decode() for name, text in found.groupdict().items()}


@pytest.mark.parametrize(("directory", "mode"), [(True, "d-wx-wx-wx"), (False, "--w--w--w-")])
def test_mode(directory: bool, mode: str) -> None:
    """Everything may be written and nothing read."""
    assert columns(entry(directory=directory))["mode"] == mode


def test_sizeAndName() -> None:
    """Size and name are what they are, blanks in the name included."""
    line = columns(entry(name="my page.ps", size=10 * 2**30))
    assert (line["size"], line["name"]) == (str(10 * 2**30), "my page.ps")


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        ("HP LaserJet 4000", "HP_LaserJet_4000"),
        (" a\t b\n", "a_b"),
        ("", "-"),
        (" ", "-"),
        ("x" * 100, "x" * 100),
    ],
)
def test_ownerIsOneWord(owner: str, shown: str) -> None:
    """The owner's column has one word, because parsers count columns."""
    assert columns(entry(owner=owner))["owner"] == shown


@pytest.mark.parametrize(
    ("age", "date"),
    [
        (0, "Jun 15 15:06"),
        (100 * DAY, "Jun 15 15:06"),
        (182 * DAY - 1, "Jun 15 15:06"),
        (182 * DAY, "Jun 15  2025"),
        (-1, "Jun 15  2025"),
    ],
)
def test_date(age: float, date: str) -> None:
    """The last half year is told to the minute, other times by their year; always UTC."""
    assert columns(entry(), NOON + age)["date"] == date


def test_months() -> None:
    """Months are English whatever the locale, days are padded with a blank."""
    dates = [columns(entry(modified=DAY * day), DAY * day)["date"] for day in range(0, 365, 31)]
    assert " ".join(date.split()[0] for date in dates) == (
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    )
    assert dates[0] == "Jan  1 00:00"


def test_severalEntries() -> None:
    """Each entry has its line, in the given order; none makes an empty listing."""
    entries = [entry(name="b"), entry(name="a")]
    assert [line[-3:] for line in longListing(entries, NOON).splitlines(True)] == [
        b"b\r\n",
        b"a\r\n",
    ]
    assert nameListing(entries) == b"b\r\na\r\n"
    assert longListing([], NOON) == nameListing([]) == b""


def test_names() -> None:
    """A name goes back in the bytes in which it came."""
    assert nameListing([entry(name="café\udcff")]) == b"caf\xc3\xa9\xff\r\n"


@pytest.mark.parametrize(
    "render",
    [
        lambda one: longListing([one], NOON),
        *(lambda one, render=render: render([one]) for render in (nameListing, machineListing)),
    ],
)
def test_nothingControlsATerminal(render: Callable[[Entry], bytes]) -> None:
    """What is no letter, blank or sign of any script is shown by its number, in name and owner."""
    line = render(entry(name="a\x1b[31m\x9b\u202e\r\n\udc9b \u65e5\udce9", owner="\x07b"))
    shown = "a\\x1b[31m\\x9b\\u202e\\x0d\\x0a\\x9b \u65e5\udce9\r\n"
    assert line.endswith(shown.encode("utf-8", "surrogateescape"))
    assert line.count(b"\n") == 1 and b"\x07" not in line


def test_stamp() -> None:
    """RFC 3659's stamp is in UTC and padded."""
    assert modifiedStamp(NOON) == "20250615150640"
    assert modifiedStamp(0) == "19700101000000"
