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
from tests.support.machine import START, Machine

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


class Program:
    """Two printers, of which the first is away, and what is asked about them."""

    def __init__(self, waiting: int = 0, **settings: Any) -> None:
        self.machine = Machine([FakePrinter(), FakePrinter()], **settings)
        self.history = self.machine.gateway.history
        self.api = API(self.machine.gateway.operator, self.machine.gateway._whyNotReady)
        self.machine.printer.silent = bool(waiting)
        for number in range(waiting):
            self.machine.upload(b"%d" % number)
        self.machine.advance(1)

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
    program = Program(2)
    one, two = program.get("/api/ports")["ports"]
    assert list(one) == PORT
    assert (one["name"], one["number"], one["spooled"], two["queued"]) == ("PORT1", 1, True, 0)
    assert one["since"].startswith("20") and one["since"].endswith("Z")
    assert program.get("/api/ports/port1") == one
    assert program.ask("/api/ports/nobody").status == 404


def test_job() -> None:
    """A job with its keys; a number that nobody has is 404, and no number 400."""
    program = Program()
    program.machine.upload(b"a page", "a.ps")
    program.machine.advance(1)
    job = program.get("/api/jobs/1")
    assert list(job) == [*JOB, "events"]
    assert (job["name"], job["bytes"], job["state"], job["printed"]) == (
        "a.ps",
        6,
        "completed",
        "yes",
    )
    assert START == 1_000_000 and job["created"] == "1970-01-12T13:46:41.000Z"
    assert program.ask("/api/jobs/99").status == 404
    for word in ("x", "-1", "9" * 30, "٣"):
        assert program.ask(f"/api/jobs/{word}").status == 400


def test_jobs() -> None:
    """By port, by state, in pages that join without a gap."""
    program = Program(5)
    assert program.numbers() == [5, 4, 3, 2, 1]
    first = program.get("/api/jobs", limit="2")
    assert [each["number"] for each in first["jobs"]] == [5, 4] and first["next"] == 4
    last = program.get("/api/jobs", limit="3", before="4")
    assert [each["number"] for each in last["jobs"]] == [3, 2, 1] and last["next"] is None
    assert program.numbers(port="port2") == [] and len(program.numbers(port="PORT1")) == 5


def test_jobs_state() -> None:
    """States are RFC 8011's words."""
    program = Program(2)
    program.post("/api/jobs/2/hold")
    assert program.numbers(state="pending-held") == [2]


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
    answer = Program().ask("/api/jobs", query=query)
    assert answer.status == 400 and answer.body["error"]


def test_unknownPort() -> None:
    """No port, no list."""
    assert Program().ask("/api/jobs", query={"port": ["nobody"]}).status == 404


def test_filters() -> None:
    """By user, host, time and text; of all jobs, also those that wait and those that ended."""
    program = Program()
    program.machine.upload(b"a", "a patient.ps", host="192.0.2.7")  # at 13:46:41
    program.machine.advance(60)
    program.machine.printer.silent = True
    program.machine.upload(b"b", "b.ps")
    program.machine.upload(b"c", "PORT2/c.ps", host="192.0.2.7")
    program.machine.advance(1)
    assert program.numbers() == [3, 2, 1]
    assert program.numbers(host="192.0.2.7") == [3, 1]
    assert program.numbers(host="192.0.2.7", port="port1") == [1]
    assert program.numbers(user="ANONYMOUS") == [3, 2, 1] and program.numbers(user="ann") == []
    assert program.numbers(q="PATIENT") == [1] and program.numbers(q="2.7") == [3, 1]
    assert program.numbers(since="1970-01-12T13:47:00Z") == [3, 2]
    assert program.numbers(since="1970-01-12T14:47:00+01:00") == [3, 2]
    assert program.numbers(since="1970-01-12T14:47:00 01:00") == [3, 2]  # a + in an address
    assert program.numbers(until="1970-01-12T13:47:00.000Z") == [1]
    assert program.numbers(since="1970-01-13") == [] and program.numbers(until="1970-01-12") == []
    page = program.get("/api/jobs", host="192.0.2.7", limit="1")
    assert [each["number"] for each in page["jobs"]] == [3] and page["next"] == 3
    page = program.get("/api/jobs", host="192.0.2.7", limit="1", before="3")
    assert [each["number"] for each in page["jobs"]] == [1] and page["next"] is None


def test_events() -> None:
    """What has happened to a job, and who did it."""
    program = Program(2)
    program.post("/api/jobs/1/hold")
    program.post("/api/jobs/1/release")
    program.machine.printer.silent = False
    program.machine.advance(5)
    events = program.get("/api/jobs/1")["events"]
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
    program = Program()
    for name in ("a.ps", "PORT2/b.ps"):
        program.machine.upload(b"a page", name)
    program.machine.advance(1)
    page = program.get("/api/accounting", limit="1")
    [one] = page["sums"]
    assert list(one) == ["day", "user", "host", "port", "jobs", "bytes", "failed", "pages"]
    assert (one["port"], one["jobs"], one["bytes"], one["failed"]) == ("PORT1", 1, 6, 0)
    assert page["next"] == 1
    page = program.get("/api/accounting", limit="1", skip="1")
    assert page["sums"][0]["port"] == "PORT2" and page["next"] is None
    assert len(program.get("/api/accounting", port="port2")["sums"]) == 1
    for wrong in ({"before": ["3"]}, {"skip": ["x"]}, {"limit": ["0"]}):
        assert program.ask("/api/accounting", query=wrong).status == 400


def test_eraseBefore() -> None:
    """All jobs that ended before some time lose their names."""
    program = Program(keep=Keep(jobs=5))
    program.machine.upload(b"a page", "old.ps")
    program.machine.advance(60)
    program.machine.upload(b"a page", "new.ps")
    program.machine.advance(1)
    before = {"before": "1970-01-12T13:47:00Z"}
    assert program.post("/api/jobs/erase", before) == {"erased": 1}
    assert program.post("/api/jobs/erase", before) == {"erased": 0}
    assert [each["name"] for each in program.get("/api/jobs")["jobs"]] == ["new.ps", ""]
    for wrong in ({}, {"before": "x"}, {"before": 3}):
        assert program.ask("/api/jobs/erase", "POST", wrong).status == 400


def test_history() -> None:
    """A job that the gateway has forgotten is in the history; an erased one has no name there."""
    program = Program(keep=Keep(jobs=1))
    program.machine.upload(b"a page", "patient.ps")
    program.machine.advance(1)
    program.post("/api/jobs/1/erase")
    shown = program.get("/api/jobs/1")
    assert shown["name"] == "" and [each["event"] for each in shown["events"]][-1] == "erase"
    program.machine.upload(b"a page", "second.ps")
    program.machine.advance(1)
    [record] = hear(program.history.job(2))
    program.history.jobEnded(record._replace(number=77))
    assert program.get("/api/jobs/77")["name"] == "second.ps"
    assert program.numbers(state="completed") == [77, 2, 1]
    assert program.numbers(port="PORT2") == []
    assert program.post("/api/jobs/77/erase")["name"] == ""
    assert program.ask("/api/jobs/78/erase", "POST").status == 404
    # Of a printing port that is no more there may be jobs.
    program.history.jobEnded(record._replace(number=78, port="gone"))
    assert program.numbers(port="Gone") == [78]


def test_historyFailed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history whose disk is not well is told; what waits is shown all the same."""
    program = Program(2)

    def refused(_: object) -> Deferred[Any]:
        return fail(HistoryFailed("the history's disk does not answer"))

    for name in ("jobs", "job"):
        monkeypatch.setattr(program.history, name, refused)
    answer = program.ask("/api/jobs")
    assert (answer.status, answer.body["error"]) == (503, "the history's disk does not answer")
    assert program.ask("/api/jobs/99").status == 503
    assert program.numbers(state="pending") == [2, 1]
    assert program.post("/api/jobs/1/cancel")["state"] == "canceled"


def test_verbs() -> None:
    """Each verb for a job, with what becomes of it."""
    program = Program(3, keep=Keep(jobs=5))
    assert program.post("/api/jobs/1/cancel", {})["reason"] == f"canceled by {BY}"
    assert program.post("/api/jobs/2/hold")["state"] == "pending-held"
    assert program.post("/api/jobs/2/release")["state"] == "pending"
    assert program.post("/api/jobs/3/next")["state"] == "pending"
    assert program.post("/api/jobs/3/move", {"to": "port2"})["port"] == "PORT2"
    program.machine.advance(1)
    assert [job.data for job in program.machine.printers[1].jobs] == [b"2"]
    assert program.post("/api/jobs/3/reprint")["number"] == 4
    program.machine.advance(1)
    assert len(program.machine.printers[1].jobs) == 2
    answer = program.ask("/api/jobs/3/hold", "POST")
    assert answer.status == 409 and answer.body["error"]
    assert program.ask("/api/jobs/99/cancel", "POST").status == 404


def test_streaming() -> None:
    """A job that streams can be canceled: its sender is told."""
    program = Program(onDoubt=OnDoubt.HOLD)
    streaming = program.machine.server.ports[1]
    program.machine.printers[1].hesitant = True
    settings = replace(program.machine.settings, spool=False)
    streaming.become(replace(streaming.printer, settings=settings))
    sender = program.machine.sender()
    sender.begin("PORT2/a.ps")
    assert sender.data is not None
    sender.data.receive(b"half of it")
    assert program.numbers(port="PORT2", state="processing") == [1]
    program.post("/api/jobs/1/cancel")
    program.machine.advance(1)
    assert f"canceled by {BY}" in sender.hear()
    assert program.get("/api/jobs/1")["state"] == "canceled"


def test_portVerbs() -> None:
    """Pause, resume, all jobs elsewhere, a test page."""
    program = Program(2)
    paused = program.post("/api/ports/PORT2/pause", {"now": True})
    assert (paused["state"], paused["reasons"], paused["durable"]) == ("stopped", ("paused",), True)
    assert program.post("/api/ports/PORT1/move", {"to": "PORT2"}) == {"moved": 2}
    assert program.machine.printers[1].jobs == []
    assert program.post("/api/ports/PORT2/resume")["reasons"] == ()
    program.machine.advance(1)
    assert len(program.machine.printers[1].jobs) == 2
    job = program.post("/api/ports/PORT2/test", {"format": "pcl"})
    assert (job["name"], job["user"]) == ("test page", "operator")
    program.machine.advance(1)
    assert program.machine.printers[1].jobs[-1].data.startswith(b"\x1bE")
    assert program.ask("/api/ports/PORT2/test", "POST", {"format": "docx"}).status == 400
    assert program.ask("/api/ports/nobody/test", "POST").status == 404


def test_testPageRefused() -> None:
    """A test page that is refused at once is told so."""
    program = Program()
    port = program.machine.server.ports[0]
    port.become(replace(port.printer, settings=replace(program.machine.settings, spool=False)))
    program.post("/api/ports/PORT1/pause")
    answer = program.ask("/api/ports/PORT1/test", "POST")
    assert answer.status == 409 and "PORT1" in answer.body["error"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"3", b"\xff", b'{"to": 3}', b'{"to": ""}', b"{}", b'{"to": "a", "x": 1}'],
)
def test_wrongBody(body: bytes) -> None:
    """A body that is not understood is 400, and nothing is done."""
    program = Program(1)
    for path in ("/api/jobs/1/move", "/api/ports/PORT1/move"):
        assert program.ask(path, "POST", body).status == 400
    assert program.get("/api/jobs/1")["port"] == "PORT1"


def test_deepBody() -> None:
    """So is one that is nested without an end."""
    assert Program(1).ask("/api/jobs/1/cancel", "POST", b"[" * 60_000).status == 400
    assert Program(1).ask("/api/jobs/1/cancel", "POST", {"to": "x"}).status == 400


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
    program = Program(1)
    before = program.get("/api/jobs"), program.get("/api/ports")
    answer = program.ask(path, method)
    assert (answer.status, answer.allow) == (405, "POST")
    assert (program.get("/api/jobs"), program.get("/api/ports")) == before


@pytest.mark.parametrize("path", ["/", "/api", "/api/jobs/1/print", "/api/ports/a/b/c", "/x"])
def test_noSuchPlace(path: str) -> None:
    """There is nothing else."""
    assert Program().ask(path).status == 404
    assert Program().ask("/api/ports", "POST").status == 405


def test_health() -> None:
    """Ready is who takes jobs: not while the spool is broken, or when the end has come."""
    program = Program()
    assert program.ask("/healthz").status == program.ask("/readyz").status == 200
    assert program.ask("/healthz", "HEAD").status == 200
    program.machine.spooling.failed(PrinterLost("the disk is away"))
    answer = program.ask("/readyz")
    assert (answer.status, answer.body["error"]) == (503, "the disk is away")
    assert program.ask("/api/jobs/1/hold", "POST").status == 404
    program.machine.gateway.running = False
    assert program.ask("/readyz").status == 503
    assert program.ask("/healthz").status == 200


def test_notReady() -> None:
    """Nor is it before the spool is open."""
    program = Program()
    program.machine.kill()
    program.machine.start(held=True)
    program.api = API(program.machine.gateway.operator, program.machine.gateway._whyNotReady)
    assert program.ask("/readyz").body["error"] == "the spool is not open yet"


def test_reload() -> None:
    """What has changed; or all that is wrong; or that nobody can."""
    program = Program()
    assert program.ask("/api/reload", "POST").status == 409
    program.api._reload = lambda: succeed(["office is new"])
    assert program.post("/api/reload") == {"changes": ["office is new"]}

    program.api._reload = lambda: fail(Wrong(["a: b", "c: d"]))
    answer = program.ask("/api/reload", "POST")
    assert answer.status == 409
    assert answer.body == {"error": "a: b; c: d", "errors": ["a: b", "c: d"]}


def test_fault(flushErrors: FlushErrors) -> None:
    """A fault of ours is 500, and in the log; the text of it is nobody's."""
    program = Program()

    program.api._reload = lambda: fail(RuntimeError("secret"))
    answer = program.ask("/api/reload", "POST")
    assert answer.status == 500 and "secret" not in str(answer.body)
    assert len(flushErrors(RuntimeError)) == 1
