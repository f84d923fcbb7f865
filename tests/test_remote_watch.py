"""
The live view: on a terminal a page, elsewhere a line for each thing that happens.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from jetdirect.remote import watch
from jetdirect.verb import Refused


class Gateway:
    """What is answered, in place of a gateway."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ports: list[dict[str, Any]] = [port("laser"), port("labels", "stopped", "no paper")]
        self.jobs: list[dict[str, Any]] = []
        self.away = ""
        monkeypatch.setattr(watch, "ask", self._ask)

    def _ask(self, said: object, method: str, path: str) -> dict[str, Any]:
        if self.away:
            raise Refused(self.away, 2)
        return {"ports": self.ports} if path == "/api/ports" else {"jobs": self.jobs}


def port(name: str, state: str = "idle", message: str = "") -> dict[str, Any]:
    """A printing port as the gateway tells it."""
    more = {"reasons": [], "queued": 0, "held": 0, "job": None, "since": "2026-11-30T09:00:00.000Z"}
    return {"name": name, "state": state, "message": message, **more}


def job(number: int, state: str = "processing") -> dict[str, Any]:
    """A job as the gateway tells it."""
    return {
        "number": number,
        "port": "laser",
        "state": state,
        "bytes": 3,
        "created": "2026-11-30T09:00:00.000Z",
        "user": "ann",
        "host": "192.0.2.1",
        "name": "a\x1b[2J.ps",
        "reason": "",
        "outcome": state if state == "completed" else None,
    }


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """One that has two ports."""
    return Gateway(monkeypatch)


def look(asJSON: bool = False) -> watch._Look:
    """One who looks."""
    looking = watch._Look(argparse.Namespace(json=asJSON))
    looking.again()
    return looking


def test_news(gateway: Gateway) -> None:
    """First what there is, then what changes, and nothing twice."""
    looking = look()
    first = [line.partition("  ")[2] for line in looking.news()]
    assert first == ["port laser: idle", "port labels: stopped, no paper"]
    gateway.jobs = [job(1)]
    looking.again()
    [line] = looking.news()
    assert line.endswith(r"job 1: processing, on laser: a\x1b[2J.ps of ann")
    looking.again()
    assert [*looking.news()] == []
    gateway.jobs = [job(1, "completed")]
    gateway.ports[1] = {**port("labels"), "queued": 2}
    looking.again()
    assert [line.partition("  ")[2].partition(",")[0] for line in looking.news()] == [
        "port labels: idle",
        "job 1: completed",
    ]


def test_json(gateway: Gateway) -> None:
    """An object a line, for programs."""
    gateway.jobs = [job(1)]
    told = [json.loads(line) for line in look(asJSON=True).news()]
    assert [each.get("port") for each in told] == ["laser", "labels", "laser"]
    assert told[2]["job"] == "1" and told[2]["state"] == "processing" and told[2]["time"]


def test_away(gateway: Gateway) -> None:
    """A gateway that is not there at first is an error; one that goes may come back."""
    looking = look()
    [*looking.news()]
    gateway.away = "no gateway is reached"
    looking.again()
    [line] = looking.news()
    assert line.endswith("gateway: no gateway is reached")
    page = watch.page(looking, 80, 24)
    assert page[1] == "NO ANSWER: no gateway is reached" and "laser" in "".join(page)
    gateway.away = ""
    looking.again()
    assert next(looking.news()).endswith("gateway: answers")
    gateway.away = "no gateway is reached"
    with pytest.raises(Refused):
        look()


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 10), (200, 60)])
def test_page(gateway: Gateway, columns: int, lines: int) -> None:
    """A page fits its terminal; what is in trouble comes first, and says how many are not shown."""
    gateway.ports += [port(f"port{number}") for number in range(100)]
    gateway.jobs = [job(number) for number in range(50, 0, -1)]
    page = watch.page(look(), columns, lines)
    assert len(page) <= lines and all(len(line) <= columns for line in page)
    assert page[0].startswith("102 ports, 1 stopped, 0 queued, 0 held")
    assert page[3].startswith("labels") and "stop" in page[3]
    assert any(line.endswith("ports more") for line in page)
    assert any(line.startswith("JOB") for line in page)
    assert all(line.isprintable() for line in page)
