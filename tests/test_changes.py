"""
What an operator reads of a configuration that was read again: each thing that is otherwise, once.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse as Checker

from jetdirect.changes import changes, differing
from jetdirect.commandline import OPTIONS, PORT_OPTIONS
from jetdirect.configuration import Configuration
from jetdirect.ftp.settings import SessionSettings
from jetdirect.named import NamedPrinter, PortSettings
from jetdirect.testing import FakePrinter
from jetdirect.watch.retention import Names, Retention
from jetdirect.watch.settings import NotifySettings
from jetdirect.web.access import Access

WARD, LAB = NamedPrinter("ward3", FakePrinter()), NamedPrinter("lab", FakePrinter())
BEFORE = Configuration([WARD, LAB], default="lab", spool="/var/spool/jetdirect")

SESSIONS = [each for each in OPTIONS if each.setting in {f.name for f in fields(SessionSettings)}]
AT_ONCE = {"max-sessions", "max-sessions-per-host", "drain-timeout"}

OF_PROGRAMS = {"loginTimeout", "lineTimeout"}
"""Only a program that embeds a gateway sets them."""


def otherwise(**values: Any) -> list[str]:
    """What is told when these are set so."""
    return [*changes(BEFORE, replace(BEFORE, **values))]


def test_nothing() -> None:
    """What was read again and is the same is not told, nor where it stands."""
    assert otherwise() == otherwise(said={"x": "y"}, file="elsewhere.toml", remarks=["z"]) == []


@pytest.mark.parametrize("option", SESSIONS, ids=lambda option: str(option.name))
def test_sessions(option: Any) -> None:
    """
    Each option of sessions is told by its name, with its value and the one before, and that it
    counts for the next session, unless a running gateway asks for it at once.
    """
    if option.setting == "maxSessions":
        value: Any = 77
    else:
        value = "another"
    [told] = otherwise(sessions=replace(SessionSettings(), **{option.setting: value}))
    begins = "" if option.name in AT_ONCE else " from the next session on"
    assert told.startswith(f"{option.name} is {value}{begins}, was ")


def test_everySettingOfSessions() -> None:
    """No setting of sessions can be changed without a word."""
    told = {option.setting for option in SESSIONS} | {"certificate", "sessionsPerPort"}
    assert {each.name for each in fields(SessionSettings)} - told == OF_PROGRAMS


def test_certificate() -> None:
    """A certificate is not shown."""
    certificate: Any = object()
    [told] = otherwise(sessions=SessionSettings(certificate=certificate))
    assert told == "the certificate was read again; it counts from the next session on"


@pytest.mark.parametrize("each", fields(PortSettings), ids=lambda each: str(each.name))
def test_port(each: Any) -> None:
    """Each setting of a printing port is told for the port that has it, and for no other."""
    another: dict[str, Any] = {each.name: "another"}
    settings = replace(PortSettings(), **another)
    [told] = otherwise(printers=[replace(WARD, settings=settings), LAB])
    [option] = [option for option in PORT_OPTIONS if option.setting == each.name]
    assert told.startswith(f"ward3: {option.name} is another, was ")
    assert [found.name for found, _, _ in differing(PortSettings(), settings)] == [option.name]


def test_ports() -> None:
    """A port is known by its name in any case; which ports there are is told elsewhere."""
    settings = PortSettings(busyTimeout=5)
    renamed = replace(WARD, name="WARD3", settings=settings)
    told = otherwise(printers=[LAB, renamed, NamedPrinter("new", FakePrinter(), settings=settings)])
    assert told == ["WARD3: busy-timeout is 5, was 60"]
    assert otherwise(printers=[LAB]) == []


def test_history() -> None:
    """What is kept of ended jobs, by the names of the keys."""
    assert otherwise(retention=Retention(7, 10, 20, Names.MASK)) == [
        "history-days is 7, was 365",
        "history-rows is 10, was 1000000",
        "history-bytes is 20, was 1073741824",
        "names is mask, was keep",
    ]


def test_access() -> None:
    """Who may ask over HTTP, and do what; no passwords."""
    access = Access([Checker(anna=b"s3cret")], ["print.example"], True, ["*"], ["bob"], ["anna"])
    told = otherwise(access=access)
    assert told == [
        "web-auth is another one from now on",
        "web-host is print.example, was none",
        "web-see is *, was none",
        "web-operate is bob, was none",
        "web-administer is anna, was none",
        "web-behind-proxy is true, was false",
    ]


def test_others() -> None:
    """The form of the log, who is told of alarms, and who may log in."""
    assert otherwise(logFormat="json") == ["log-format is json, was text"]
    assert otherwise(checkers=[Checker()]) == ["auth is another one for the next login"]
    alarms = NotifySettings(("ops@example.com",))
    with_ = replace(BEFORE, notify=alarms)
    assert otherwise(notify=alarms) == [f"alarms go to {alarms} from now on"]
    assert [*changes(with_, BEFORE)] == ["alarms go to nobody from now on"]
