"""
What is a printing port's name, what can only have been meant as one, and what is a job's name.
"""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.portnames import NEAR, PortNames

TWELVE = PortNames([f"PORT{number}" for number in range(1, 13)])


def near(names: PortNames, word: str) -> list[str] | None:
    """The ports that are offered; L{None}: it is a name of a job, or of a port."""
    if names.find(word) is not None:
        return None
    found = names.numbered(word)
    return names.misspelt(word) if found is None else found


@pytest.mark.parametrize("word", ["PORT2", "port2", "Port2", "pORT2"])
def test_find(word: str) -> None:
    """In upper or lower case."""
    assert TWELVE.find(word) == "PORT2"


@pytest.mark.parametrize("word", ["", "PORT", "PORT02", "PORT13", "PORT2 ", "2", "port\uff12"])
def test_findNothing(word: str) -> None:
    """Nothing else names a port."""
    assert TWELVE.find(word) is None


@pytest.mark.parametrize(
    ("word", "offered"),
    [
        ("PORT13", ["PORT12", "PORT11", "PORT10"]),
        ("PORT0", ["PORT1", "PORT2", "PORT3"]),
        ("PORT02", ["PORT2", "PORT1", "PORT3"]),
        ("port007", ["PORT7", "PORT6", "PORT8"]),
        ("port 2", ["PORT2", "PORT1", "PORT3"]),
        ("PORT" + "9" * 5000, ["PORT12", "PORT11", "PORT10"]),
        ("prot2", ["PORT2"]),
        ("POTR2", ["PORT2"]),
        ("PRT2", ["PORT2"]),
        ("PORTT2", ["PORT2"]),
        ("P0RT2", ["PORT2"]),
        ("POR2T", ["PORT2"]),
        ("prot13", ["PORT12", "PORT11", "PORT10"]),
        ("PORT2a", ["PORT2"]),
    ],
)
def test_offered(word: str, offered: list[str]) -> None:
    """The nearest ports are offered, that with the same number first."""
    assert near(TWELVE, word) == offered


MEANT = {
    "another number": "PORT13|PORT99|port_2|PORT-2|PORT.2|PORT#2|PORT:2|PORT(2)|port  2",
    "quotes and versions": "'PORT2'|\"PORT2\"|`PORT2`|\u201cPORT2\u201d|PORT2;1|PORT2.;1|PORT2.1",
    "VMS": "[PORT2]|[PORT2]x.ps|[.port2]x|dka0:[port2]x.ps;1|gw::port2|[a.PORT2]x|<PORT2>x",
    "z/OS": "PORT2(MEMBER)|'USER.PORT2'|PORT2.1",
    "others": "PORT2:|PORT2:x.ps|PORT2>x|PORT2,x|PORT2@gw|{PORT2}|PORT2=",
    "around it": "PORT2.|PORT2-|-PORT2|$PORT2|%PORT2%|PORT2*|PORT2 | PORT2|PORT2\t|PORT2\0",
    "percent": "%50ORT2|PORT%32|PORT%2532|PORT2%20|PORT2%2Fx",
    "digits": "PORT\uff12|PORT\u0662|PORT\u00b2|PORT\u2461|PORT\udcb2",
    "letters": "\uff30\uff2f\uff32\uff34\uff12|P\u00d3RT2|PO\u0308RT2|PORT2\u0301|\u041fORT2",
    "unseen": "\u200bPORT2|PORT2\ufeff|\u202ePORT2|PORT\u20442|PORT2\u00a0|PORT2\u3000",
    "several": "PORT1-3|port1_3|PORT1 2|PORT1+2|PORT1-PORT3|port1,port2|PORT1..3|PORT13-15",
    "on its way": "PORT2.part|PORT2.filepart|.in.PORT2.|PORT2.tmp|PORT2~",
    "one slip": "por2t|prt2|potr2|oprt2|pport2|poort2|fort2|part1|2PORT2",
}


@pytest.mark.parametrize("kind", MEANT)
def test_meantAsAPort(kind: str) -> None:
    """Nobody writes that but to name a port."""
    assert [word for word in MEANT[kind].split("|") if not near(TWELVE, word)] == []


NAMES = {
    "port": "report.ps|port.ps|PORT.PS|portrait|portrait.ps|port-list.ps|r\u00e9port",
    "files": "port2.prn|PORT2.PRN|PORT2.prn;1|port1.ps|port13.pdf|port2_final.ps|port2-labels",
    "job numbers": "port2-0001|PORT2-20261130|port2_1130_7|port1-3.ps",
    "words": "Port 2 test page.ps|letter (port2).ps|letter to port|my port2|export|sport.ps",
    "no number": "PORT|port|ports|portX|portx|PORTl|PORT II|support|portable",
    "numbers": "report2|airport2|import2|post2026|2|job31|lp0|LPT1|PRN|prt|pt2",
    "odd": "a|| |\u65e5\u672c\u8a9e|" + "x" * 4000 + "|" + "1" * 4000,
}


@pytest.mark.parametrize("kind", NAMES)
def test_names(kind: str) -> None:
    """All else is the name of a job, as on the device."""
    assert [word for word in NAMES[kind].split("|") if near(TWELVE, word) is not None] == []


@pytest.mark.parametrize("word", ["PORT2", "port12"])
def test_portsAreNoMisses(word: str) -> None:
    """The name of a port is not one slip away from another one."""
    assert TWELVE.misspelt(word) is None


@pytest.mark.parametrize(
    ("word", "offered"),
    [
        ("ward7", ["ward10", "ward3"]),
        ("ward-3", ["ward3", "ward10"]),
        ("kitchne", ["kitchen"]),
        ("kitchen1", ["kitchen"]),
        ("lab", None),
        ("lap", None),
        ("PORT1", ["ward3", "kitchen", "ward10"]),
        ("wrad3", ["ward3"]),
        ("ward", None),
    ],
)
def test_otherNames(word: str, offered: list[str] | None) -> None:
    """Ports of any name are found; the shortest names have no near ones; PORT and a number is
    never a job's name."""
    names = PortNames(["ward3", "kitchen", "ward10", "lab"])
    assert near(names, word) == offered


def test_otherWords() -> None:
    """An alias and a number lead to their port, which is offered by its name, once."""
    names = PortNames(["ward3", "lab"], {"PORT3": "ward3", "lp3": "ward3", "Gone": "Gone"})
    assert [*names] == ["ward3", "lab"] and len(names) == 2
    assert [names.find(word) for word in ("LP3", "port3", "WARD3", "gone", "lp4")] == [
        "ward3", "ward3", "ward3", "Gone", None,
    ]  # fmt: skip
    assert [word in names for word in ("ward3", "Gone", "lp3")] == [True, True, False]
    assert near(names, "PORT4") == ["ward3"]
    assert near(names, "wrad3") == ["ward3"]


@given(st.sampled_from([*TWELVE]), st.data())
def test_everySlip(name: str, data: st.DataObject) -> None:
    """One letter wrong, missing, too much or turned: the port itself, or it is offered."""
    letters = st.sampled_from("abcdefghijklmnopqrstuvwxyz")
    place = data.draw(st.integers(0, 3))
    kind = data.draw(st.sampled_from(["wrong", "missing", "more", "turned"]))
    letter = data.draw(letters)
    word = {
        "wrong": name[:place] + letter + name[place + 1 :],
        "missing": name[:place] + name[place + 1 :],
        "more": name[:place] + letter + name[place:],
        "turned": name[:place] + name[place : place + 2][::-1] + name[place + 2 :],
    }[kind]
    if kind == "turned" and place == 3 and len(name) > 5:
        return  # POR1T2 has another number
    found = near(TWELVE, word)
    assert TWELVE.find(word) == name or (found and name in found and len(found) <= NEAR)


def test_costs() -> None:
    """A look-up takes about as many steps with a thousand ports as with ten."""

    def steps(count: int) -> int:
        names = PortNames([f"PORT{number}" for number in range(1, count + 1)])
        taken = 0

        def traced(frame: object, event: str, argument: object) -> object:
            nonlocal taken
            taken += event == "line"
            return traced

        before = sys.gettrace()  # of a run that measures what the tests reach
        sys.settrace(traced)  # type: ignore[arg-type]
        try:
            for word in ("report.ps", "PORT1", "PORT0", "PORT5000", "prot1", "port", "a" * 4000):
                near(names, word)
        finally:
            sys.settrace(before)
        return taken

    assert steps(1000) < 4 * steps(10)


def test_digitTooMuch() -> None:
    """
    A sender that types a digit twice is offered the port that was meant, and then its neighbours.
    """
    names = PortNames([f"ward{n}" for n in range(1, 13)])
    assert names.numbered("ward33") == ["ward3", "ward12", "ward11"]
    assert names.numbered("ward112") == ["ward12", "ward11", "ward10"]
    assert names.numbered("ward13") == ["ward12", "ward11", "ward10"]
    assert names.numbered("ward99") == ["ward9", "ward12", "ward11"]
