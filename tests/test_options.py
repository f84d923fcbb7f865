"""
Words into values: one reader for each kind, and each says what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jetdirect.options import (
    LARGEST_SIZE,
    LONGEST_GREETING,
    LONGEST_TIME,
    MOST,
    count,
    didYouMean,
    greeting,
    hosts,
    networks,
    oneOf,
    path,
    seconds,
    size,
    switch,
    uriOption,
)


@pytest.mark.parametrize(
    "text", ["a", "/a", "a/b:c", "./a:b", "./on", "only", "a b", "a$", "..", "*"]
)
def test_path(text: str) -> None:
    """A path is left as it is; what is really called strangely has ./ in front."""
    assert path(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a value is missing"),
        (" /a", "a blank is in front of it or behind it"),
        ("/a\n", "a blank"),
        ("'/a'", "the quotes are taken for a part"),
        ('"a"', "the quotes"),
        ("~", "nobody replaces the ~"),
        ("~ann/a", "nobody replaces the ~"),
        ("${A}/a", r"nobody replaces the \$"),
        ("http://a/b", "no path of this machine"),
        ("a:", "no path of this machine"),
        ("a\\b", "no path of this machine"),
        ("C:/a", "no path of this machine"),
        ("True", "give a name and not whether"),
    ],
)
def test_noPath(text: str, why: str) -> None:
    """What a shell, a browser or another system would make a path of is none here."""
    with pytest.raises(ValueError, match=why):
        path(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Print.Example", ["print.example"]),
        ("a, b_c", ["a", "b_c"]),
        ("192.0.2.7 [2001:db8::7]", ["192.0.2.7", "2001:db8::7"]),
        ("print.example.", ["print.example."]),
    ],
)
def test_hosts(text: str, found: list[str]) -> None:
    """Names and addresses, as a browser writes them."""
    assert hosts(text) == found


@pytest.mark.parametrize("text", ["http://a", "a:80", "a/b", "*", "*.a", "a..b", "-a", "[::1]:80"])
def test_noHosts(text: str) -> None:
    """More of an address than the host is told."""
    with pytest.raises(ValueError, match="give a name such as print"):
        hosts(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("30", 30),
        ("2.5", 2.5),
        (".5", 0.5),
        ("30s", 30),
        ("5m", 300),
        ("1.5h", 5400),
        ("1d", 86400),
        (str(LONGEST_TIME), LONGEST_TIME),
    ],
)
def test_seconds(text: str, value: float) -> None:
    """Seconds, or a number with its unit."""
    assert seconds(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "m", "-1", "1e3", "inf", "nan", "5 m", "5min", "1w", "1_0", "\u0661", "400d", "1h30m"],
)
def test_noSeconds(text: str) -> None:
    """What is no time, or too long a one, is told what a time is."""
    with pytest.raises(ValueError, match="give seconds as a number"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("512K", 512 * 1024),
        ("512k", 512 * 1024),
        ("10M", 10 * 1024**2),
        ("10MB", 10 * 1024**2),
        ("10MiB", 10 * 1024**2),
        ("2G", 2 * 1024**3),
        ("1t", 1024**4),
        (str(LARGEST_SIZE), LARGEST_SIZE),
    ],
)
def test_size(text: str, value: int) -> None:
    """Bytes, or a number with its unit."""
    assert size(text) == value


@pytest.mark.parametrize(
    "text", ["", "0", "0K", "-1", "1.5M", "10 M", "M", "10X", "9999999999T", "nan", "\u0661"]
)
def test_noSize(text: str) -> None:
    """What is no size is told what one is."""
    with pytest.raises(ValueError, match="give bytes as a whole number"):
        size(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "2.5", "three", str(MOST + 1), "9" * 30, "\u0661"])
def test_noCount(text: str) -> None:
    """A number of things is whole, one or more, and not absurd."""
    with pytest.raises(ValueError, match="1 or more"):
        count(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("10.1.2.3/8", ["10.0.0.0/8"]),
        ("192.0.2.7", ["192.0.2.7/32"]),
        ("10.0.0.0/255.0.0.0", ["10.0.0.0/8"]),
        ("10.0.0.0/8,fd00::/8", ["10.0.0.0/8", "fd00::/8"]),
        ("10.0.0.0/8, fd00::1 192.0.2.0/24", ["10.0.0.0/8", "fd00::1/128", "192.0.2.0/24"]),
    ],
)
def test_networks(text: str, value: list[str]) -> None:
    """One network or several, with or without what stands behind its length."""
    assert [str(each) for each in networks(text)] == value


@pytest.mark.parametrize(
    "text", ["", ",", "all", "10.0.0.0/33", "10.0.0", "10.0.0.0/8;11.0.0.0/8", "10.0.0.0-10.1.0.0"]
)
def test_noNetworks(text: str) -> None:
    """What is no network is told what one is."""
    with pytest.raises(ValueError, match="give networks such as"):
        networks(text)


@pytest.mark.parametrize("text", ["x" * (LONGEST_GREETING + 1), "220 hi", "220-hi", "220", ""])
def test_noGreeting(text: str) -> None:
    """The code of a greeting is not the operator's to write, nor is a second line."""
    with pytest.raises(ValueError, match="give"):
        greeting(text)


@pytest.mark.parametrize("text", ["2200 pages an hour", "Hello", "HP 220"])
def test_greeting(text: str) -> None:
    """A number in a greeting is no code."""
    assert greeting(text) == text


@pytest.mark.parametrize("read", [switch, oneOf(["on", "off"])])
def test_words(read: Callable[[str], Any]) -> None:
    """Of words there are only some."""
    assert read("on") and read("off") in (False, "off")
    with pytest.raises(ValueError, match="on"):
        read("maybe")


def test_didYouMean() -> None:
    """Only what is near is proposed."""
    known = ["printer", "port", "greeting"]
    assert didYouMean("pritner", known) == " (did you mean printer?)"
    assert didYouMean("PORTS", known) == " (did you mean port?)"
    assert didYouMean("speed", known) == ""


def test_inAURI() -> None:
    """An option that is not said has its default, whatever reads it; a wrong value is named."""
    option = uriOption("gap", "seconds", seconds, 7.0)
    assert option.of({}) == 7
    assert option.of({"gap": "2m"}) == 120
    with pytest.raises(ValueError, match="gap=soon: give seconds"):
        option.of({"gap": "soon"})
