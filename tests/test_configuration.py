"""
One value for all that an operator says, and a gateway that goes on with another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.settings import SessionSettings
from jetdirect.gateway import Gateway
from jetdirect.named import NamedPrinter, PortSettings
from jetdirect.options import networks
from jetdirect.testing import FakePrinter, FakeSender

PAGE = b"%!PS\nshowpage\n"


class Operated:
    """A gateway in memory, whose operator changes it."""

    def __init__(self, *printers: NamedPrinter, **more: Any) -> None:
        self.reactor: Any = MemoryReactorClock()
        more.setdefault("listeners", [])
        more.setdefault("sessions", SessionSettings(maxSessions=999))
        self.gateway = Gateway(Configuration(printers, **more), self.reactor)
        self.gateway.startService()

    def apply(self, *printers: NamedPrinter, **more: Any) -> list[str]:
        """Another configuration."""
        before = self.gateway.configuration
        return self.gateway.apply(replace(before, printers=printers or before.printers, **more))

    def sender(self) -> FakeSender:
        """Somebody who has logged in."""
        sender = FakeSender(self.gateway.factory)
        sender.login()
        return sender

    def store(self, word: str, name: str = "page.ps") -> str:
        """What a sender hears that prints at a port by one of its words."""
        return self.sender().upload(f"{word}/{name}", PAGE)


def printed(*printers: NamedPrinter) -> list[int]:
    """How many jobs each has printed."""
    found: list[Any] = [printer.transport for printer in printers]
    return [sum(job.ended == "finished" for job in each.jobs) for each in found]


def made(name: str, number: int | None = None, *aliases: str, **set: Any) -> NamedPrinter:
    """A printer of a name."""
    return NamedPrinter(name, FakePrinter(name), number, aliases, PortSettings(**set))


# What is clear and what is not.


def test_bareTransports() -> None:
    """An embedding program may leave the names out: the n-th printer is PORTn."""
    found = Configuration([FakePrinter(), FakePrinter()], defaults=PortSettings(busyTimeout=5))
    assert [(each.name, each.number) for each in found.ports] == [("PORT1", 1), ("PORT2", 2)]
    assert {each.settings.busyTimeout for each in found.ports} == {5}


def test_share() -> None:
    """A port has its share of the sessions, unless it is said for the port."""
    own = made("own", 1, share=9)
    found = Configuration([own, made("other")], sessions=SessionSettings(sessionsPerPort=4))
    assert [each.settings.share for each in found.ports] == [9, 4]


def test_words() -> None:
    """A port is reached by its name, its number and its aliases, and shown by its name."""
    ward, lab = made("ward3", 3, "lp3", "hp:laser"), made("lab", 1)
    operated = Operated(ward, lab)
    for word in ("ward3", "WARD3", "PORT3", "port3", "lp3", "hp:laser"):
        assert "226 " in operated.store(word), word
    assert "550" in operated.store("PORT2")
    assert operated.sender().say("CWD lp3") and printed(ward, lab) == [6, 0]
    sender = operated.sender()
    sender.say("CWD PORT3")
    assert '"/ward3"' in sender.say("PWD")


def test_defaultPort() -> None:
    """Uploads to / print on number 1, or where the operator says; the place counts nothing."""
    ward, lab = made("ward3"), made("lab", 1)
    operated = Operated(ward, lab)
    operated.sender().upload("page.ps", PAGE)
    assert printed(ward, lab) == [0, 1]
    operated.apply(default="ward3")
    operated.sender().upload("page.ps", PAGE)
    assert printed(ward, lab) == [1, 1]


# Another one.


def test_nothing() -> None:
    """The same configuration changes nothing."""
    operated = Operated(made("ward3", 1))
    assert operated.apply() == []


def test_added() -> None:
    """A new port prints at once, also for a session that is there; the others keep theirs."""
    ward, lab = made("ward3", 1), made("lab")
    operated = Operated(ward, sessions=SessionSettings())
    sender = operated.sender()
    assert "550" in sender.say("CWD PORT2")
    told = operated.apply(lab, ward)
    assert told == ["lab is new", "6 sessions at a time, was 3"]
    assert "226 " in sender.upload("lab/a.ps", PAGE)
    assert "226 " in sender.upload("b.ps", PAGE)
    assert printed(ward, lab) == [1, 1]


def test_removed() -> None:
    """A removed port ends its jobs and refuses others for good; its words lead nowhere else."""
    ward, lab = made("ward3", 1), made("lab", 2, "lp")
    ward.transport.hesitant = lab.transport.hesitant = True  # type: ignore[attr-defined]
    operated = Operated(ward, lab)
    inside, first, second = operated.sender(), operated.sender(), operated.sender()
    inside.say("CWD lab")
    first.upload("lab/a.ps", PAGE)
    second.begin("lab/b.ps")
    assert "lab is removed, 2 of its jobs print" in operated.apply(ward)
    for word in ("lab", "PORT2", "lp"):
        assert "550 Job" in operated.store(word), word
    assert "550 Job" in inside.upload("c.ps", PAGE)
    jobs: Any = lab.transport
    jobs.jobs[0].answer()
    assert "226 " in first.hear()
    second.send(PAGE)
    jobs.jobs[1].answer()
    assert "226 " in second.hear()
    assert printed(ward, lab) == [0, 2]
    assert not operated.gateway.server.ports[0].jobs
    jobs.hesitant = False
    assert "lab is back" in operated.apply(ward, lab)
    assert "226 " in inside.upload("d.ps", PAGE)


def test_otherPrinter() -> None:
    """A job ends at the printer that it has; one that waits and the next print at the new one."""
    old = made("ward3", 1)
    old.transport.hesitant = True  # type: ignore[attr-defined]
    operated = Operated(old)
    first, second = operated.sender(), operated.sender()
    first.upload("a.ps", PAGE)
    second.begin("b.ps")
    new = replace(old, transport=FakePrinter("new"))
    assert operated.apply(new) == ["ward3 prints to fake: from the next job on"]
    old.transport.jobs[0].answer()  # type: ignore[attr-defined]
    assert "226 " in first.hear()
    second.send(PAGE)
    assert (printed(old), printed(new)) == ([1], [1])


def test_sameSource() -> None:
    """A transport made of the same words as before is thrown away: the old one goes on."""
    old = replace(made("ward3", 1), source="socket://a")
    operated = Operated(old)
    assert operated.apply(replace(old, transport=FakePrinter("again"))) == []
    operated.store("ward3")
    assert printed(old) == [1]
    other = replace(old, transport=FakePrinter("other"), source="socket://b")
    assert len(operated.apply(other)) == 1


def test_portSettings() -> None:
    """A waiting job has the time-outs that it came with; the next one has the new ones."""
    ward = made("ward3", 1, busyTimeout=60)
    operated = Operated(ward)
    holds, waits, late = operated.sender(), operated.sender(), operated.sender()
    holds.begin("a.ps")
    waits.begin("b.ps")
    set = replace(ward.settings, busyTimeout=5.0)
    assert operated.apply(replace(ward, settings=set)) == ["ward3: busy-timeout is 5, was 60"]
    late.begin("c.ps")
    operated.reactor.advance(6)
    assert "450" in late.hear() and waits.hear() == ""
    operated.reactor.advance(60)
    assert "450" in waits.hear()


def test_limits() -> None:
    """A limit counts at once, other settings from the next session on."""
    operated = Operated(made("ward3", 1), sessions=SessionSettings(greeting="Old", maxSessions=2))
    here = operated.sender()
    told = operated.apply(sessions=SessionSettings(greeting="New", maxSessions=1, idleTimeout=5.0))
    assert "1 sessions at a time, was 2" in told
    assert "greeting is New from the next session on, was Old" in told
    assert FakeSender(operated.gateway.factory).greeting.startswith("421 ")
    operated.reactor.advance(6)
    assert here.say("NOOP").startswith("200 ")
    here.say("QUIT")
    assert FakeSender(operated.gateway.factory).greeting == "220 New"


def test_checkers() -> None:
    """The users that may log in change with the next login."""
    operated = Operated(made("ward3", 1))
    known = InMemoryUsernamePasswordDatabaseDontUse(ann=b"x")
    assert len(operated.apply(checkers=[known])) == 1
    stranger = FakeSender(operated.gateway.factory)
    stranger.say("USER bob")
    assert stranger.say("PASS y").startswith("530 ") or operated.reactor.advance(5) is None


def test_listeners() -> None:
    """A new listener is bound, one that is gone is closed, one that stays is not touched."""
    operated = Operated(made("ward3", 1), listeners=["tcp:2121", "tcp:2122"])
    kept = operated.reactor.tcpServers[1]
    told = operated.apply(listeners=["tcp:2122", "tcp:2123"])
    assert told == [
        "now listening at tcp:2123",
        "no longer listening at tcp:2121; its sessions go on",
    ]
    assert [server[0] for server in operated.reactor.tcpServers] == [2121, 2122, 2123]
    assert operated.reactor.tcpServers[1] is kept
    assert [service.name for service in operated.gateway] == ["tcp:2122", "tcp:2123"]


def test_listenerInUse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that cannot be bound: nothing has changed, not the listeners before it either."""
    operated = Operated(made("ward3", 1), listeners=["tcp:2121"])
    listen: Callable[..., IListeningPort] = operated.reactor.listenTCP

    def refused(port: int, *words: Any, **more: Any) -> IListeningPort:
        if port == 2123:
            raise CannotListenError("", port, OSError(98, "in use"))
        return listen(port, *words, **more)

    monkeypatch.setattr(operated.reactor, "listenTCP", refused)
    before = operated.gateway.configuration
    with pytest.raises(CannotListenError):
        operated.apply(made("other", 2), listeners=["tcp:2122", "tcp:2123"])
    assert operated.gateway.configuration is before
    assert [service.name for service in operated.gateway] == ["tcp:2121"]
    assert "226 " in operated.store("ward3")


@pytest.mark.parametrize(
    ("then", "word"),
    [
        ([("ward3", None), ("lab", 3)], "PORT3"),
        ([("lab", 3)], "PORT3"),
        ([("lab", None, "ward3")], "WARD3"),
    ],
)
def test_wordsStay(then: list[tuple[Any, ...]], word: str) -> None:
    """What was a port's name or number never leads to another printer, but after a restart."""
    ward = made("ward3", 3)
    operated = Operated(ward, default="ward3")
    with pytest.raises(ValueError) as error:
        operated.apply(*[made(*each) for each in then], default="lab")
    assert str(error.value) == f"{word} of lab was ward3's; change the URI of ward3, or restart"
    assert "226 " in operated.store("PORT3") and printed(ward) == [1]


def test_aliasMoves() -> None:
    """An alias goes where the operator sends it."""
    ward, lab = made("ward3", 1, "lp"), made("lab")
    operated = Operated(ward, lab)
    told = operated.apply(replace(ward, aliases=()), replace(lab, aliases=("lp",)))
    assert told == ["ward3: aliases is none, was lp", "lab: aliases is lp, was none"]
    assert "226 " in operated.store("lp") and printed(ward, lab) == [0, 1]


def test_lostWords() -> None:
    """What was a port's alias or number and is none any more is refused: it is no job's name."""
    ward, lab = made("ward3", 3, "lp", "a:b"), made("lab", 1)
    operated = Operated(ward, lab)
    operated.apply(replace(ward, number=None, aliases=()), lab)
    for word in ("lp", "LP", "PORT3", "a:b"):
        assert "550 " in operated.store(word), word
        assert "550 " in operated.sender().say(f"CWD {word}"), word
        assert "550 " in operated.sender().upload(word, PAGE), word
        assert "550 " in operated.sender().upload(rf"{word}\x.ps", PAGE), word
    assert "ward3" in operated.sender().say("CWD lp")
    assert printed(ward, lab) == [0, 0]
    operated.apply(ward, lab)
    assert "226 " in operated.store("lp") and printed(ward, lab) == [1, 0]


def test_allow() -> None:
    """A port may be for some senders only: others are told so before they send."""
    ward, lab = made("ward3", 1, allow=list(networks("10.0.0.0/8"))), made("lab")
    operated = Operated(ward, lab)
    stranger = FakeSender(operated.gateway.factory, "192.0.2.1")
    stranger.login()
    why = "192.0.2.1 may not print on ward3"
    assert stranger.say("CWD ward3").startswith("550 ") and why in stranger.say("CWD PORT1")
    for name in ("ward3/page.ps", "page.ps"):
        heard = stranger.upload(name, PAGE)
        assert "550 " in heard and why in heard and "150 " not in heard
    assert "226 " in stranger.upload("lab/page.ps", PAGE)
    known = FakeSender(operated.gateway.factory, "10.1.2.3")
    known.login()
    assert known.say("CWD ward3").startswith("250 ")
    assert "226 " in known.upload("page.ps", PAGE) and printed(ward, lab) == [1, 1]


def test_description() -> None:
    """The operator's word wins over the transport's, and changes while the gateway runs."""
    ward = made("ward3", 1, description="Ward 3", location="Room 12")
    operated = Operated(ward)
    assert "Ward 3" in operated.sender().say("STAT ward3")
    assert operated.gateway.server.ports[0].record.description == "Ward 3"
    told = operated.apply(replace(ward, settings=PortSettings(description="Station 3")))
    assert told == [
        "ward3: description is Station 3, was Ward 3",
        "ward3: location is not said, was Room 12",
    ]
    assert "Station 3" in operated.sender().say("STAT ward3")


def test_gap() -> None:
    """The gap of a port counts where its transport says none."""
    ward = made("ward3", 1, gap=3.0)
    operated = Operated(ward)
    assert "226 " in operated.store("ward3")
    second = operated.sender()
    second.begin("b.ps")
    assert second.hear() == ""
    operated.reactor.advance(3)
    assert "150 " in second.hear()


def test_shareOfMany() -> None:
    """A share that goes by the number of ports is not told for each of them."""
    ports = [made(f"p{n}", n) for n in range(1, 5)]
    operated = Operated(*ports, sessions=SessionSettings(maxSessions=40))
    assert operated.apply(*ports[:3]) == ["p4 is removed"]
    assert operated.gateway.server.ports[0].settings.share == 13


# Any sequence of them.

NAMES = ["ward3", "lab", "kitchen", "office"]
PORT = st.tuples(st.sampled_from(NAMES), st.integers(1, 4) | st.none(), st.booleans())
PORTS = st.lists(
    PORT, min_size=1, max_size=4, unique_by=(lambda each: each[0], lambda each: each[1] or each[0])
)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.lists(PORTS, min_size=1, max_size=6), st.data())
def test_anySequence(sequence: list[list[tuple[str, int | None, bool]]], data: Any) -> None:
    """
    Whatever an operator makes of the ports: a name and a number always lead to the same printer or
    to none, what is gone is refused, and a running job ends where it began.
    """
    printers = {name: FakePrinter(name) for name in NAMES}
    alias = {name: f"to-{name}" for name in NAMES}
    operated: Operated | None = None
    there: set[str] = set()
    ever: dict[str, str] = {}  # each word there was, with its printer
    now: dict[str, str] = {}
    running: list[tuple[FakeSender, str]] = []
    for ports in sequence:
        value = [
            NamedPrinter(name, printers[name], number, (alias[name],) if aliased else ())
            for name, number, aliased in ports
        ]
        words = {name: name for name, _, _ in ports}
        words |= {alias[name]: name for name, _, aliased in ports if aliased}
        words |= {f"PORT{number}": name for name, number, _ in ports if number is not None}
        moves = any(ever.get(word, name) != name for word, name in words.items())
        if operated is None:
            operated = Operated(*value, default=ports[0][0])
        elif moves:
            kept = operated.gateway.configuration
            with pytest.raises(ValueError, match="restart"):
                operated.apply(*value, default=ports[0][0])
            assert operated.gateway.configuration is kept
        else:
            operated.apply(*value, default=ports[0][0])
        if not moves:
            there, now = {name for name, _, _ in ports}, words
            ever |= words
        for word, name in ever.items():
            before = {each: len(printers[each].jobs) for each in NAMES}
            heard = operated.store(word)
            if word not in now:
                assert "550" in heard, (word, name)
            else:
                busy = [each for _, each in running].count(name)
                assert ("226 " in heard) is not bool(busy), (word, name, heard)
            elsewhere = [e for e in NAMES if e != name and len(printers[e].jobs) != before[e]]
            assert elsewhere == [], (word, name, elsewhere)
        name = data.draw(st.sampled_from(sorted(there)))
        if not any(each == name for _, each in running):
            running.append((operated.sender(), name))
            running[-1][0].begin(f"{name}/running.ps")
    assert operated is not None
    for sender, name in running:
        assert "226 " in sender.send(b"the one that ran")
        assert b"the one that ran" in [job.data for job in printers[name].jobs]
