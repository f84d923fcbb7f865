"""
What is asked, and the answer to it.  No I/O but that of the verbs.

::

    GET  /healthz /readyz /metrics
    GET  /api/ports  /api/ports/NAME  /api/jobs  /api/jobs/N  /api/accounting  /api/config
    POST /api/jobs/N/VERB  /api/jobs/erase  /api/ports/NAME/VERB  /api/pause  /api/resume
    POST /api/reload
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..errors import HistoryFailed, NoSuchJob, NoSuchPort, PrintError, VerbRefused
from ..interfaces import IMetrics, IOperator
from ..record import JobEvent, JobRecord, JobState
from ..wanted import Wanted
from . import shapes

MOST_LISTED = 1000
"""Jobs in one answer at most: less than a megabyte (chosen)."""

_COUNTED = ("port", "state", "user", "host", "since", "until", "q", "limit")
FILTERS = (*_COUNTED, "before")
"""By what jobs are chosen."""

_DIGITS = 18
"""The most digits of a number: what C{int64} holds."""

SHOWN = 40
"""Characters of a wrong value that are said again (chosen)."""


@dataclass(frozen=True)
class Answer:
    """
    @ivar status: of HTTP.
    @ivar body: an object.
    @ivar allow: the one method that there is, with 405.
    @ivar text: what is answered instead of C{body}, if it is no JSON.
    """

    status: int
    body: Mapping[str, Any]
    allow: str = ""
    text: bytes | None = None


class Bad(Exception):
    """What was asked cannot be understood (400); the text is a sentence."""


class API:
    """One gateway over HTTP."""

    _log = Logger()

    def __init__(
        self,
        operator: IOperator,
        ready: Callable[[], str],
        reload: Callable[[], Deferred[list[str]]] | None = None,
        metrics: IMetrics | None = None,
        settings: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """
        @param ready: why no jobs are taken now, in a sentence; empty: they are.
        @param reload: reads the configuration again, and says what has changed; raises
            L{ValueError}, which may have C{sentences}.
        @param metrics: L{None}: there is nothing that could write them.
        @param settings: what is set, for people and programs.
        """
        self._operator = operator
        self._ready = ready
        self._reload = reload
        self._metrics = metrics
        self._settings = settings

    async def answer(
        self,
        method: str,
        path: Sequence[str],
        query: Mapping[str, Sequence[str]],
        body: bytes,
        by: str,
    ) -> Answer:
        """
        Do what is asked.

        @param path: its segments, decoded.
        @param body: JSON, or nothing.
        @param by: who asks.
        @return: whatever happens; it never raises.
        """
        try:
            step = self._step(path, query, body, by)
            if step is None:
                return Answer(404, _error(f"there is no /{'/'.join(path)}"))
            wanted, act = step
            if method != wanted and (method, wanted) != ("HEAD", "GET"):
                return Answer(405, _error(f"that is asked with {wanted}"), wanted)
            return await act()
        except Bad as bad:
            return Answer(400, _error(str(bad)))
        except (NoSuchJob, NoSuchPort) as unknown:
            return Answer(404, _error(str(unknown)))
        except HistoryFailed as failed:
            return Answer(503, _error(str(failed)))
        except (VerbRefused, PrintError) as refused:
            return Answer(409, _error(str(refused)))
        except Exception:
            self._log.failure("{method} {path} failed", method=method, path="/".join(path))
            return Answer(500, _error("the gateway failed; its log says how"))

    def _step(
        self, path: Sequence[str], query: Mapping[str, Sequence[str]], body: bytes, by: str
    ) -> tuple[str, Callable[[], Awaitable[Answer]]] | None:
        match path:
            case ["healthz"]:
                return "GET", self._healthz
            case ["readyz"]:
                return "GET", self._readyz
            case ["metrics"]:
                return "GET", self._numbers
            case ["api", "ports"]:
                return "GET", self._ports
            case ["api", "ports", name]:
                return "GET", lambda: self._port(name)
            case ["api", "config"]:
                return "GET", self._config
            case ["api", "jobs"]:
                return "GET", lambda: self._jobs(query)
            case ["api", "accounting"]:
                return "GET", lambda: self._accounting(query)
            case ["api", "jobs", "erase"]:
                return "POST", lambda: self._eraseBefore(body, by)
            case ["api", "jobs", number]:
                return "GET", lambda: self._show(_number(number))
            case ["api", "jobs", number, verb] if verb in _JOB_VERBS:
                return "POST", lambda: self._job(_number(number), verb, body, by)
            case ["api", "ports", name, verb] if verb in _PORT_VERBS:
                return "POST", lambda: _PORT_VERBS[verb](self, name, body, by)
            case ["api", "pause"]:
                return "POST", lambda: self._pauseAll(body, by)
            case ["api", "resume"]:
                return "POST", lambda: self._resumeAll(body, by)
            case ["api", "reload"]:
                return "POST", lambda: self._reloaded(body, by)
        return None

    # To look at.

    async def _healthz(self) -> Answer:
        return Answer(200, {"healthy": True})

    async def _readyz(self) -> Answer:
        why = self._ready()
        return Answer(503, _error(why)) if why else Answer(200, {"ready": True})

    async def _numbers(self) -> Answer:
        if self._metrics is None:
            remedy = "pip install 'jetdirect[metrics]', and restart the gateway"
            return Answer(404, _error(f"metrics need prometheus-client; {remedy}"))
        return Answer(200, {}, text=await self._metrics.text())

    async def _ports(self) -> Answer:
        return Answer(200, {"ports": [shapes.port(each) for each in self._operator.ports()]})

    async def _port(self, name: str) -> Answer:
        return Answer(200, shapes.port(self._operator.port(name)))

    async def _config(self) -> Answer:
        return Answer(200, self._settings())

    async def _jobs(self, query: Mapping[str, Sequence[str]]) -> Answer:
        jobs, more = await self.found(query)
        return Answer(200, {"jobs": [shapes.job(each) for each in jobs], "next": more})

    async def found(self, query: Mapping[str, Sequence[str]]) -> tuple[list[JobRecord], int | None]:
        """
        Jobs that are known, the newest number first.

        @param query: by what they are chosen.
        @return: they, and the number below which there are more; L{None}: there are none.
        @raise Bad: that is not understood.
        @raise NoSuchPort: there is no such port.
        """
        wanted = _wanted(query, FILTERS)
        jobs = await self._operator.jobs(replace(wanted, limit=wanted.limit + 1))
        more = jobs[wanted.limit - 1].number if len(jobs) > wanted.limit else None
        return list(jobs[: wanted.limit]), more

    async def _accounting(self, query: Mapping[str, Sequence[str]]) -> Answer:
        said = dict(query)
        skip = _number(_once("skip", said.pop("skip", ["0"])))
        wanted = _wanted(said, _COUNTED)
        sums = await self._operator.sums(replace(wanted, limit=wanted.limit + 1), skip)
        more = skip + wanted.limit if len(sums) > wanted.limit else None
        return Answer(200, {"sums": [*map(shapes.sum, sums[: wanted.limit])], "next": more})

    async def _show(self, number: int) -> Answer:
        job = shapes.job(await self.job(number))
        return Answer(200, {**job, "events": [*map(shapes.event, await self.events(number))]})

    async def job(self, number: int) -> JobRecord:
        """
        One job.

        @raise NoSuchJob: nothing is known of it.
        """
        return await self._operator.show(number)

    async def events(self, number: int) -> Sequence[JobEvent]:
        """
        What has happened to it.

        @raise NoSuchJob: nothing is known of it.
        """
        return await self._operator.events(number)

    # To do.

    async def _job(self, number: int, verb: str, body: bytes, by: str) -> Answer:
        operator = self._operator
        if verb == "move":
            to = _keysOf(body, to=str).get("to")
            if not to:
                raise Bad('say where: {"to": NAME}')
            return Answer(200, shapes.job(await operator.move(number, to, by)))
        _keysOf(body)
        return Answer(200, shapes.job(await getattr(operator, verb)(number, by)))

    async def _eraseBefore(self, body: bytes, by: str) -> Answer:
        before = _keysOf(body, before=str).get("before")
        if not before:
            raise Bad('say before when: {"before": TIME}')
        return Answer(200, {"erased": await self._operator.eraseBefore(_moment(before), by)})

    async def _pause(self, name: str, body: bytes, by: str) -> Answer:
        now = _keysOf(body, now=bool).get("now", False)
        durable = await self._operator.pause(name, by, now)
        return Answer(200, {**shapes.port(self._operator.port(name)), "durable": durable})

    async def _resume(self, name: str, body: bytes, by: str) -> Answer:
        _keysOf(body)
        durable = await self._operator.resume(name, by)
        return Answer(200, {**shapes.port(self._operator.port(name)), "durable": durable})

    async def _pauseAll(self, body: bytes, by: str) -> Answer:
        now = _keysOf(body, now=bool).get("now", False)
        durable = await self._operator.pauseAll(by, now)
        return Answer(200, {**(await self._ports()).body, "durable": durable})

    async def _resumeAll(self, body: bytes, by: str) -> Answer:
        _keysOf(body)
        durable = await self._operator.resumeAll(by)
        return Answer(200, {**(await self._ports()).body, "durable": durable})

    async def _move(self, name: str, body: bytes, by: str) -> Answer:
        to = _keysOf(body, to=str).get("to")
        if not to:
            raise Bad('say where: {"to": NAME}')
        return Answer(200, {"moved": await self._operator.moveAll(name, to, by)})

    async def _test(self, name: str, body: bytes, by: str) -> Answer:
        language = _keysOf(body, format=str).get("format", "")
        try:
            record = await self._operator.test(name, by, language)
        except ValueError as error:
            raise Bad(f"format: {error}") from None
        return Answer(200, shapes.job(record))

    async def _reloaded(self, body: bytes, by: str) -> Answer:
        _keysOf(body)
        if self._reload is None:
            return Answer(409, _error("this gateway cannot read its configuration again"))
        self._log.info("the configuration is read again for {by}", by=by)
        try:
            return Answer(200, {"changes": await self._reload()})
        except ValueError as wrong:
            sentences = getattr(wrong, "sentences", [str(wrong)])
            return Answer(409, {"error": "; ".join(sentences), "errors": sentences})


_JOB_VERBS = ("cancel", "hold", "release", "reprint", "next", "move", "erase")
_PORT_VERBS: Mapping[str, Callable[[API, str, bytes, str], Awaitable[Answer]]] = {
    "pause": API._pause,
    "resume": API._resume,
    "move": API._move,
    "test": API._test,
}


def _error(sentence: str) -> dict[str, str]:
    return {"error": sentence}


def _wanted(query: Mapping[str, Sequence[str]], filters: Sequence[str]) -> Wanted:
    said: dict[str, Any] = {}
    for name, values in query.items():
        if name not in filters:
            raise Bad(f"{name} is no filter of jobs; there are {', '.join(filters)}")
        text = _once(name, values)
        match name:
            case "limit" | "before":
                said[name] = _number(text)
            case "since" | "until":
                said[name] = _moment(text)
            case _:
                said[name] = text
    wanted = Wanted(**said)
    if wanted.state and wanted.state not in [*JobState]:
        raise Bad(f"{wanted.state} is no state of a job; there are {', '.join(JobState)}")
    if not 0 < wanted.limit <= MOST_LISTED:
        raise Bad(f"limit is a number from 1 to {MOST_LISTED}")
    return wanted


def _once(name: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise Bad(f"{name}: say it once")
    return values[0]


def _moment(text: str) -> float:
    try:
        return shapes.moment(text)
    except ValueError as error:
        raise Bad(f"{text[:SHOWN]!r}: {error}") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Bad(f"{text[:_DIGITS]!r} is no number")
    return int(text)


def _keysOf(body: bytes, **keys: type) -> dict[str, Any]:
    """What a body says: an object with these keys, each of its type, or nothing at all."""
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Bad("the body is no JSON") from None
    if not isinstance(said, dict):
        raise Bad("the body is no JSON object")
    for key, value in said.items():
        if key not in keys or not isinstance(value, keys[key]):
            known = ", ".join(f"{name} ({kind.__name__})" for name, kind in keys.items())
            raise Bad(f"the body may say {known or 'nothing'} here")
    return said
