"""
What printing ports are called: each word leads to one of them, and it is clear to which.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from jetdirect.named import (
    NamedPrinter,
    PortSettings,
    alias,
    checkNames,
    defaultOf,
    differences,
    named,
    portName,
    unclear,
    wordsOf,
)
from jetdirect.testing import FakePrinter

PRINTER = FakePrinter()


def port(name: str, number: int | None = None, *aliases: str) -> NamedPrinter:
    """A printing port."""
    return NamedPrinter(name, PRINTER, number, aliases)


def test_named() -> None:
    """A bare transport has the number of its place and the settings of all; others keep theirs."""
    settings = PortSettings(busyTimeout=5.0)
    ward = port("ward3")
    first, second, third = named([PRINTER, ward, PRINTER], settings)
    assert [(each.name, each.number) for each in (first, third)] == [("PORT1", 1), ("PORT3", 3)]
    assert second is ward and first.settings is third.settings is settings
    assert first.positional and not ward.positional
    assert not port("lab", 3).positional


@pytest.mark.parametrize("text", ["ward3", "A-b_9", "7", "-"])
def test_portName(text: str) -> None:
    """Letters, digits, - and _ need no quoting anywhere."""
    assert portName(text) == text
    assert alias(text) == [text]


@pytest.mark.parametrize("text", ["", "a b", "a/b", "w\u00e4rd", "a.b", "ward3\n", "*", "\u0661"])
def test_noPortName(text: str) -> None:
    """All else is refused, with what is allowed."""
    with pytest.raises(ValueError, match="letters, digits, - and _ only"):
        portName(text)


@pytest.mark.parametrize("text", ["", ".", "..", "a b", "a/b", "a\\b", "w\u00e4rd", "a\n", "\x7f"])
def test_noAlias(text: str) -> None:
    """An alias is one segment of a path, whatever client sends it."""
    with pytest.raises(ValueError, match="one word of printable ASCII"):
        alias(text)


@pytest.mark.parametrize("text", ["a.b", "...", "laser@ward3", "!", "~", "LP:1"])
def test_alias(text: str) -> None:
    """It may have what old print servers had in their queues' names."""
    assert alias(text) == [text]


@pytest.mark.parametrize(
    ("ports", "wrong"),
    [
        ([port("a"), port("b")], []),
        ([port("PORT1", 1), port("lab", 2, "lp", "PORT2")], []),
        ([port("a"), port("A")], [(1, "A: a is called so, too; each port needs words of its own")]),
        ([port("a", 1), port("b", 1)], [(1, "PORT1: a is called so, too; each port needs")]),
        ([port("a", None, "b"), port("b")], [(1, "B: a is called so, too; each port needs words")]),
        ([port("a", None, "a", "A")], []),
        ([port("port7")], [(0, "port7: say number = 7, or choose another name")]),
        ([port("PORT01", 1)], [(0, "PORT01: write PORT1, or choose another name")]),
        ([port("a", 1, "PORT7")], [(0, "PORT7: say number = 7, or choose another name")]),
        ([port("a b")], [(0, "'a b': a port's name has letters, digits, - and _ only")]),
        ([port("ward3", 1, "port3")], [(0, "port3: say number = 3")]),
        ([port("a", None, "..")], [(0, "'..': an alias is one word of printable ASCII")]),
    ],
)
def test_unclear(ports: list[NamedPrinter], wrong: list[tuple[int, str]]) -> None:
    """A word that leads to two ports, or looks like another one's number, is told with a remedy."""
    found = [*unclear(ports)]
    assert [place for place, _ in found] == [place for place, _ in wrong]
    for (_, said), (_, told) in zip(found, wrong, strict=True):
        assert said.startswith(told)
    if wrong:
        with pytest.raises(ValueError, match=": "):
            checkNames(ports, ports[0].name)
    else:
        checkNames(ports, ports[0].name)


def test_noPorts() -> None:
    """Nobody prints without a printer."""
    with pytest.raises(ValueError, match="at least one printer"):
        checkNames([])


@pytest.mark.parametrize(
    ("ports", "choice", "default"),
    [
        ([port("a")], "", "a"),
        ([port("a", 2), port("b", 1)], "", "b"),
        ([port("a", 2), port("b", 1)], "A", "a"),
        ([port("a", 2)], "", "a"),
    ],
)
def test_default(ports: list[NamedPrinter], choice: str, default: str) -> None:
    """The one that was chosen, or number 1, or the only one."""
    assert defaultOf(ports, choice).name == default


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ("", "no printing port has number 1; name one with default-port = NAME"),
        ("wards", r"no printing port is called wards \(did you mean ward\?\)"),
        ("lp", "no printing port is called lp"),
    ],
)
def test_noDefault(choice: str, why: str) -> None:
    """Where that is not clear no port is guessed; an alias is no choice."""
    with pytest.raises(ValueError, match=why):
        defaultOf([port("ward", 2, "lp"), port("lab", 3)], choice)


def test_differences() -> None:
    """What is otherwise about a port, each in a line; no password of a URI."""
    before, after = port("ward3", 1, "lp"), port("Ward3", None, "a", "b")
    assert [*differences(before, before)] == []
    assert [*differences(before, after)] == [
        "Ward3: name is Ward3, was ward3",
        "Ward3: number is none, was 1",
        "Ward3: aliases is a, b, was lp",
    ]
    other = NamedPrinter("ward3", FakePrinter(), 1, ("lp",))
    assert [*differences(before, other)] == ["ward3 prints to fake: from the next job on"]
    assert wordsOf(before) == before.words == ["ward3", "PORT1", "lp"]


@pytest.mark.parametrize(
    ("host", "may"),
    [("192.0.2.7", True), ("192.0.3.7", False), ("2001:db8::1", False)],
)
def test_admits(host: str, may: bool) -> None:
    """Only senders of the networks that are named; without any all of them."""
    assert PortSettings(allow=[ip_network("192.0.2.0/24")]).admits(host) is may
    assert PortSettings().admits(host)
