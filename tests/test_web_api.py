"""
What is asked over HTTP, and the answers: on a gateway in memory that keeps jobs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from jetdirect.errors import HistoryFailed, PrinterLost
from jetdirect.named import OnDoubt
from jetdirect.spool.limits import Keep
from jetdirect.testing import FakePrinter
from jetdirect.web.api import API, MOST_LISTED, Answer
from jetdirect.words import Wrong
from tests.conftest import FlushErrors
from tests.support.answers import hear
from tests.support.site import START, Site

# What the API promises to other programs, and the printer's own words.
PORT = [
    "name",
    "number",
    "aliases",
    "uri",
    "description",
    "location",
    "state",
    "reasons",
    "message",
    "since",
    "accepting",
    "spooled",
    "queued",
    "held",
    "job",
]
JOB = [
    "number",
    "port",
    "name",
    "user",
    "host",
    "bytes",
    "state",
    "reasons",
    "delivery",
    "attempts",
    "created",
    "completed",
    "outcome",
    "reply",
    "printed",
    "reason",
    "heard",
    "sha256",
]

BY = "an operator at 127.0.0.1"


class House:
    """Two printers, of which the first is away, and what is asked about them."""

    def __init__(self, waiting: int = 0, **settings: Any) -> None:
        self.site = Site([FakePrinter(), FakePrinter()], **settings)
        self.history = self.site.gateway.history
        self.api = API(self.site.gateway.operator, self.site.gateway._whyNotReady)
        self.site.printer.silent = bool(waiting)
        for number in range(waiting):
            self.site.upload(b"%d" % number)
        self.site.advance(1)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: object = None,
        query: Mapping[str, Sequence[str]] | None = None,
    ) -> Answer:
        """The answer to a request."""
        content = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        asked = self.api.answer(method, path.strip("/").split("/"), query or {}, content, BY)
        told = hear(Deferred.fromCoroutine(asked))
        [answer] = told
        json.dumps(answer.body)
        assert isinstance(answer, Answer)
        return answer

    def get(self, path: str, **query: str) -> Any:
        """What is there."""
        answer = self.ask(path, query={name: [value] for name, value in query.items()})
        assert answer.status == 200, answer
        return answer.body

    def post(self, path: str, body: object = None) -> Any:
        """What is done."""
        answer = self.ask(path, "POST", body)
        assert answer.status == 200, answer
        return answer.body

    def numbers(self, **query: str) -> list[int]:
        """Those of the jobs that are listed."""
        return [each["number"] for each in self.get("/api/jobs", **query)["jobs"]]


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def test_ports() -> None:
    """Each printing port with the keys that other programs rely on."""
    house = House(2)
    one, two = house.get("/api/ports")["ports"]
    assert list(one) == PORT
    assert (one["name"], one["number"], one["spooled"], two["queued"]) == ("PORT1", 1, True, 0)
    assert one["since"].startswith("20") and one["since"].endswith("Z")
    assert house.get("/api/ports/port1") == one
    assert house.ask("/api/ports/nobody").status == 404


def test_job() -> None:
    """A job with its keys; a number that nobody has is 404, and no number 400."""
    house = House()
    house.site.upload(b"a page", "a.ps")
    house.site.advance(1)
    job = house.get("/api/jobs/1")
    assert list(job) == [*JOB, "events"]
    assert (job["name"], job["bytes"], job["state"], job["printed"]) == (
        "a.ps",
        6,
        "completed",
        "yes",
    )
    assert START == 1_000_000 and job["created"] == "1970-01-12T13:46:41.000Z"
    assert house.ask("/api/jobs/99").status == 404
    for word in ("x", "-1", "9" * 30, "٣"):
        assert house.ask(f"/api/jobs/{word}").status == 400


def test_jobs() -> None:
    """By port, by state, in pages that join without a gap."""
    house = House(5)
    assert house.numbers() == [5, 4, 3, 2, 1]
    first = house.get("/api/jobs", limit="2")
    assert [each["number"] for each in first["jobs"]] == [5, 4] and first["next"] == 4
    last = house.get("/api/jobs", limit="3", before="4")
    assert [each["number"] for each in last["jobs"]] == [3, 2, 1] and last["next"] is None
    assert house.numbers(port="port2") == [] and len(house.numbers(port="PORT1")) == 5


def test_jobs_state() -> None:
    """States are RFC 8011's words."""
    house = House(2)
    house.post("/api/jobs/2/hold")
    assert house.numbers(state="pending-held") == [2]


@pytest.mark.parametrize(
    "query",
    [
        {"state": ["printing"]},
        {"limit": ["0"]},
        {"limit": [str(MOST_LISTED + 1)]},
        {"limit": ["x"]},
        {"before": ["-1"]},
        {"users": ["anna"]},
        {"port": ["PORT1", "PORT2"]},
        {"since": ["yesterday"]},
        {"until": ["2026-11-30T25:00:00Z"]},
    ],
)
def test_wrongFilter(query: dict[str, Sequence[str]]) -> None:
    """A filter that is not understood is told: a list without it would be a wrong one."""
    answer = House().ask("/api/jobs", query=query)
    assert answer.status == 400 and answer.body["error"]


def test_unknownPort() -> None:
    """No port, no list."""
    assert House().ask("/api/jobs", query={"port": ["nobody"]}).status == 404


def test_filters() -> None:
    """By user, host, time and text; of all jobs, also those that wait and those that ended."""
    house = House()
    house.site.upload(b"a", "a patient.ps", host="192.0.2.7")  # at 13:46:41
    house.site.advance(60)
    house.site.printer.silent = True
    house.site.upload(b"b", "b.ps")
    house.site.upload(b"c", "PORT2/c.ps", host="192.0.2.7")
    house.site.advance(1)
    assert house.numbers() == [3, 2, 1]
    assert house.numbers(host="192.0.2.7") == [3, 1]
    assert house.numbers(host="192.0.2.7", port="port1") == [1]
    assert house.numbers(user="ANONYMOUS") == [3, 2, 1] and house.numbers(user="ann") == []
    assert house.numbers(q="PATIENT") == [1] and house.numbers(q="2.7") == [3, 1]
    assert house.numbers(since="1970-01-12T13:47:00Z") == [3, 2]
    assert house.numbers(since="1970-01-12T14:47:00+01:00") == [3, 2]
    assert house.numbers(since="1970-01-12T14:47:00 01:00") == [3, 2]  # a + in an address
    assert house.numbers(until="1970-01-12T13:47:00.000Z") == [1]
    assert house.numbers(since="1970-01-13") == [] and house.numbers(until="1970-01-12") == []
    page = house.get("/api/jobs", host="192.0.2.7", limit="1")
    assert [each["number"] for each in page["jobs"]] == [3] and page["next"] == 3
    page = house.get("/api/jobs", host="192.0.2.7", limit="1", before="3")
    assert [each["number"] for each in page["jobs"]] == [1] and page["next"] is None


def test_events() -> None:
    """What has happened to a job, and who did it."""
    house = House(2)
    house.post("/api/jobs/1/hold")
    house.post("/api/jobs/1/release")
    house.site.printer.silent = False
    house.site.advance(5)
    events = house.get("/api/jobs/1")["events"]
    assert list(events[0]) == ["time", "event", "by", "text", "bytes"]
    assert [each["event"] for each in events] == [
        "received",
        "queued",
        "heard",
        "held",
        "hold",
        "queued",
        "release",
        "attempt",
        "delivered",
        "completed",
    ]
    assert [each["by"] for each in events if each["by"]] == [BY, BY]
    assert events[-2]["bytes"] == 1 and events[0]["time"].startswith("1970-01-12T13:46:40")


def test_accounting() -> None:
    """Jobs, bytes and failures of each day, user, host and port, in pages."""
    house = House()
    for name in ("a.ps", "PORT2/b.ps"):
        house.site.upload(b"a page", name)
    house.site.advance(1)
    page = house.get("/api/accounting", limit="1")
    [one] = page["sums"]
    assert list(one) == ["day", "user", "host", "port", "jobs", "bytes", "failed", "pages"]
    assert (one["port"], one["jobs"], one["bytes"], one["failed"]) == ("PORT1", 1, 6, 0)
    assert page["next"] == 1
    page = house.get("/api/accounting", limit="1", skip="1")
    assert page["sums"][0]["port"] == "PORT2" and page["next"] is None
    assert len(house.get("/api/accounting", port="port2")["sums"]) == 1
    for wrong in ({"before": ["3"]}, {"skip": ["x"]}, {"limit": ["0"]}):
        assert house.ask("/api/accounting", query=wrong).status == 400


def test_eraseBefore() -> None:
    """All jobs that ended before some time lose their names."""
    house = House(keep=Keep(jobs=5))
    house.site.upload(b"a page", "old.ps")
    house.site.advance(60)
    house.site.upload(b"a page", "new.ps")
    house.site.advance(1)
    before = {"before": "1970-01-12T13:47:00Z"}
    assert house.post("/api/jobs/erase", before) == {"erased": 1}
    assert house.post("/api/jobs/erase", before) == {"erased": 0}
    assert [each["name"] for each in house.get("/api/jobs")["jobs"]] == ["new.ps", ""]
    for wrong in ({}, {"before": "x"}, {"before": 3}):
        assert house.ask("/api/jobs/erase", "POST", wrong).status == 400


def test_history() -> None:
    """A job that the gateway has forgotten is in the history; an erased one has no name there."""
    house = House(keep=Keep(jobs=1))
    house.site.upload(b"a page", "patient.ps")
    house.site.advance(1)
    house.post("/api/jobs/1/erase")
    shown = house.get("/api/jobs/1")
    assert shown["name"] == "" and [each["event"] for each in shown["events"]][-1] == "erase"
    house.site.upload(b"a page", "second.ps")
    house.site.advance(1)
    [record] = hear(house.history.job(2))
    house.history.jobEnded(replace(record, number=77))
    assert house.get("/api/jobs/77")["name"] == "second.ps"
    assert house.numbers(state="completed") == [77, 2, 1]
    assert house.numbers(port="PORT2") == []
    assert house.post("/api/jobs/77/erase")["name"] == ""
    assert house.ask("/api/jobs/78/erase", "POST").status == 404
    # Of a printing port that is no more there may be jobs.
    house.history.jobEnded(replace(record, number=78, port="gone"))
    assert house.numbers(port="Gone") == [78]


def test_historyFailed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history whose disk is not well is told; what waits is shown all the same."""
    house = House(2)

    def refused(_: object) -> Deferred[Any]:
        return fail(HistoryFailed("the history's disk does not answer"))

    for name in ("jobs", "job"):
        monkeypatch.setattr(house.history, name, refused)
    answer = house.ask("/api/jobs")
    assert (answer.status, answer.body["error"]) == (503, "the history's disk does not answer")
    assert house.ask("/api/jobs/99").status == 503
    assert house.numbers(state="pending") == [2, 1]
    assert house.post("/api/jobs/1/cancel")["state"] == "canceled"


def test_verbs() -> None:
    """Each verb for a job, with what becomes of it."""
    house = House(3, keep=Keep(jobs=5))
    assert house.post("/api/jobs/1/cancel", {})["reason"] == f"canceled by {BY}"
    assert house.post("/api/jobs/2/hold")["state"] == "pending-held"
    assert house.post("/api/jobs/2/release")["state"] == "pending"
    assert house.post("/api/jobs/3/next")["state"] == "pending"
    assert house.post("/api/jobs/3/move", {"to": "port2"})["port"] == "PORT2"
    house.site.advance(1)
    assert [job.data for job in house.site.printers[1].jobs] == [b"2"]
    assert house.post("/api/jobs/3/reprint")["number"] == 4
    house.site.advance(1)
    assert len(house.site.printers[1].jobs) == 2
    answer = house.ask("/api/jobs/3/hold", "POST")
    assert answer.status == 409 and answer.body["error"]
    assert house.ask("/api/jobs/99/cancel", "POST").status == 404


def test_streaming() -> None:
    """A job that streams can be canceled: its sender is told."""
    house = House(onDoubt=OnDoubt.HOLD)
    streaming = house.site.server.ports[1]
    house.site.printers[1].hesitant = True
    settings = replace(house.site.settings, spool=False)
    streaming.become(replace(streaming.printer, settings=settings))
    sender = house.site.sender()
    sender.begin("PORT2/a.ps")
    assert sender.data is not None
    sender.data.receive(b"half of it")
    assert house.numbers(port="PORT2", state="processing") == [1]
    house.post("/api/jobs/1/cancel")
    house.site.advance(1)
    assert f"canceled by {BY}" in sender.hear()
    assert house.get("/api/jobs/1")["state"] == "canceled"


def test_portVerbs() -> None:
    """Pause, resume, all jobs elsewhere, a test page."""
    house = House(2)
    paused = house.post("/api/ports/PORT2/pause", {"now": True})
    assert (paused["state"], paused["reasons"], paused["durable"]) == ("stopped", ("paused",), True)
    assert house.post("/api/ports/PORT1/move", {"to": "PORT2"}) == {"moved": 2}
    assert house.site.printers[1].jobs == []
    assert house.post("/api/ports/PORT2/resume")["reasons"] == ()
    house.site.advance(1)
    assert len(house.site.printers[1].jobs) == 2
    job = house.post("/api/ports/PORT2/test", {"format": "pcl"})
    assert (job["name"], job["user"]) == ("test page", "operator")
    house.site.advance(1)
    assert house.site.printers[1].jobs[-1].data.startswith(b"\x1bE")
    assert house.ask("/api/ports/PORT2/test", "POST", {"format": "docx"}).status == 400
    assert house.ask("/api/ports/nobody/test", "POST").status == 404


def test_testPageRefused() -> None:
    """A test page that is refused at once is told so."""
    house = House()
    port = house.site.server.ports[0]
    port.become(replace(port.printer, settings=replace(house.site.settings, spool=False)))
    house.post("/api/ports/PORT1/pause")
    answer = house.ask("/api/ports/PORT1/test", "POST")
    assert answer.status == 409 and "PORT1" in answer.body["error"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"3", b"\xff", b'{"to": 3}', b'{"to": ""}', b"{}", b'{"to": "a", "x": 1}'],
)
def test_wrongBody(body: bytes) -> None:
    """A body that is not understood is 400, and nothing is done."""
    house = House(1)
    for path in ("/api/jobs/1/move", "/api/ports/PORT1/move"):
        assert house.ask(path, "POST", body).status == 400
    assert house.get("/api/jobs/1")["port"] == "PORT1"


def test_deepBody() -> None:
    """So is one that is nested without an end."""
    assert House(1).ask("/api/jobs/1/cancel", "POST", b"[" * 60_000).status == 400
    assert House(1).ask("/api/jobs/1/cancel", "POST", {"to": "x"}).status == 400


_VERBS = ("cancel", "hold", "release", "reprint", "next", "move", "erase")

CHANGES = [
    *(f"/api/jobs/1/{verb}" for verb in _VERBS),
    "/api/jobs/erase",
    *(f"/api/ports/PORT1/{verb}" for verb in ("pause", "resume", "move", "test")),
    "/api/reload",
]


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_noGetChanges(path: str, method: str) -> None:
    """Nothing is done but by POST."""
    house = House(1)
    before = house.get("/api/jobs"), house.get("/api/ports")
    answer = house.ask(path, method)
    assert (answer.status, answer.allow) == (405, "POST")
    assert (house.get("/api/jobs"), house.get("/api/ports")) == before


@pytest.mark.parametrize("path", ["/", "/api", "/api/jobs/1/print", "/api/ports/a/b/c", "/x"])
def test_noSuchPlace(path: str) -> None:
    """There is nothing else."""
    assert House().ask(path).status == 404
    assert House().ask("/api/ports", "POST").status == 405


def test_health() -> None:
    """Ready is who takes jobs: not while the spool is broken, or when the end has come."""
    house = House()
    assert house.ask("/healthz").status == house.ask("/readyz").status == 200
    assert house.ask("/healthz", "HEAD").status == 200
    house.site.spooling.failed(PrinterLost("the disk is away"))
    answer = house.ask("/readyz")
    assert (answer.status, answer.body["error"]) == (503, "the disk is away")
    assert house.ask("/api/jobs/1/hold", "POST").status == 404
    house.site.gateway.running = False
    assert house.ask("/readyz").status == 503
    assert house.ask("/healthz").status == 200


def test_notReady() -> None:
    """Nor is it before the spool is open."""
    house = House()
    house.site.kill()
    house.site.start(held=True)
    house.api = API(house.site.gateway.operator, house.site.gateway._whyNotReady)
    assert house.ask("/readyz").body["error"] == "the spool is not open yet"


def test_reload() -> None:
    """What has changed; or all that is wrong; or that nobody can."""
    house = House()
    assert house.ask("/api/reload", "POST").status == 409
    house.api._reload = lambda: succeed(["office is new"])
    assert house.post("/api/reload") == {"changes": ["office is new"]}

    house.api._reload = lambda: fail(Wrong(["a: b", "c: d"]))
    answer = house.ask("/api/reload", "POST")
    assert answer.status == 409
    assert answer.body == {"error": "a: b; c: d", "errors": ["a: b", "c: d"]}


def test_fault(flushErrors: FlushErrors) -> None:
    """A fault of ours is 500, and in the log; the text of it is nobody's."""
    house = House()

    house.api._reload = lambda: fail(RuntimeError("secret"))
    answer = house.ask("/api/reload", "POST")
    assert answer.status == 500 and "secret" not in str(answer.body)
    assert len(flushErrors(RuntimeError)) == 1
