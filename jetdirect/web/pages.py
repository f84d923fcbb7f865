"""
What each page shows.  No I/O but that of asking the gateway.

::

    /              printing ports, those in trouble first
    /ports/NAME    one of them: its job, its line, its last jobs
    /jobs          jobs, chosen by what stands in the address
    /jobs/N        the life of one
    /config        what is set, and what came of the last reload
    /log           the last lines of the log
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twisted.web.template import Tag, tags

from ..errors import HistoryFailed, NoSuchJob, NoSuchPort
from ..interfaces import IOperator
from ..record import REMOVED, JobRecord, JobState, PortRecord
from . import about, phrases, rows
from .access import Guest, Role
from .api import API, Bad
from .notes import Notes
from .parts import (
    DAYS,
    KINDS,
    Box,
    View,
    choiceRow,
    dayBegins,
    emptyRow,
    factList,
    filterForm,
    jobFacts,
    lifeLine,
    summaryRow,
    titleOf,
    turner,
)
from .rows import Row

Query = Mapping[str, Sequence[str]]
PortStandings = tuple[phrases.PortStanding, PortRecord]

SHOWN = 50
"""Ports or jobs on one page: what is read at a glance, in less than 60 KiB (chosen)."""

LINE = 20
"""Jobs of a port's line, and of its last jobs, on its page (chosen)."""

GLANCE = 2.0
"""Seconds for which the state of all ports is known well enough for the sign of other pages."""

RATES = 1000
"""Jobs whose rates are known (chosen)."""


@dataclass
class Facts:
    """
    What pages tell besides.

    @ivar listener: the TCP port where senders connect; L{None}: there is none.
    @ivar settings: what is set, as C{GET /api/config} tells it.
    @ivar settingsOf: what is set otherwise for a printing port: names and values.
    @ivar lines: the last lines of the log, each with its number and level.
    @ivar wallClock: seconds since the epoch.
    """

    listener: Callable[[], int | None]
    settings: Callable[[], Mapping[str, Any]]
    settingsOf: Callable[[str], Sequence[tuple[str, str]]]
    lines: Callable[[], Sequence[tuple[int, str, str]]]
    wallClock: Callable[[], float]
    rates: dict[int, tuple[float, int, float]] = field(default_factory=dict)


class Pages:
    """The pages of one gateway."""

    def __init__(self, api: API, operator: IOperator, notes: Notes, facts: Facts) -> None:
        self._api = api
        self._operator = operator
        self._notes = notes
        self._facts = facts
        self._used = False
        self._looked: tuple[float, list[PortStandings]] = (float("-inf"), [])

    async def view(self, path: Sequence[str], query: Query, guest: Guest, host: str = "") -> View:
        """
        What a page shows now.

        @param path: its segments, decoded.
        @param host: what the gateway is called in the address.
        @return: also where there is no such page, or what is asked is not understood.
        """
        try:
            match path:
                case [""]:
                    return await self._ports(query, guest, host)
                case ["ports", name]:
                    return await self._port(name, guest, host)
                case ["jobs"]:
                    return await self._jobs(query, guest)
                case ["jobs", number] if number.isascii() and number.isdigit():
                    return await self._job(int(number[:18]), guest)
                case ["config"]:
                    settings, note = self._facts.settings(), self._notes.of("reloaded")
                    now = self._facts.wallClock()
                    return about.configuration(settings, note, guest, self._mark(), now)
                case ["log"]:
                    return about.log(self._facts.lines(), self._mark())
        except (NoSuchJob, NoSuchPort) as unknown:
            return self.sorry(404, phrases.sentence(str(unknown)))
        except HistoryFailed as failed:
            return self.sorry(503, phrases.sentence(str(failed)))
        except Bad as bad:
            return self.sorry(400, phrases.sentence(str(bad)))
        return self.sorry(404, "There is no such page")

    def sorry(self, status: int, text: str) -> View:
        """A page that says what is wrong."""
        parts = [
            tags.h1(text),
            tags.p(tags.a("All printers", href="/"), " · ", tags.a("All jobs", href="/jobs")),
        ]
        return View(text, phrases.WARN, parts, status)

    # Printing ports.

    async def _ports(self, query: Query, guest: Guest, host: str) -> View:
        wanted, text = _one(query, "state"), _one(query, "q")
        now = self._facts.wallClock()
        running = self._running()
        found = self._readPorts(now, running)
        kinds = Counter(s.mark for s, _ in found)
        counts = {kind: kinds[kind] for kind in KINDS} | {"": len(found)}
        worst = self._worst(found)
        shown = [
            (s, each)
            for s, each in sorted(found, key=lambda pair: pair[0].rank)
            if (not wanted or s.mark == wanted) and _matches(each, text)
        ]
        page, last = _page(query, len(shown))
        here = shown[(page - 1) * SHOWN : page * SHOWN]
        entries = [self._portRow(each, running, now, guest) for _, each in here]
        if not here:
            entries = [
                emptyRow("No printer has such a name" if text else "No printer is in this state")
            ]
        elif not await self._printed() and not text and not wanted:
            entries.append(self._firstUpload(here[0][1].name, host))
        parts: list[Tag | Row | Box] = [
            summaryRow(worst, counts),
            choiceRow(wanted, text, counts),
            Box("ports", "Printers", entries),
        ]
        parts += turner("/", page, last, state=wanted, q=text)
        return View(titleOf(counts), worst[0], parts, place="/")

    async def _printed(self) -> bool:
        # Has anybody ever?
        if not self._used:
            found, _ = await self._api.found({"limit": ["1"]})
            self._used = bool(found)
        return self._used

    def _worst(self, found: Sequence[PortStandings]) -> tuple[str, str]:
        bad = [each.name for s, each in found if s.mark == phrases.BAD]
        if bad:
            names = ", ".join(bad[:3]) + (f" and {len(bad) - 3:,} more" if len(bad) > 3 else "")
            return phrases.BAD, f"{_many(len(bad), len(found))} in trouble: {names}"
        warn = [each.name for s, each in found if s.mark == phrases.WARN]
        if warn:
            names = ", ".join(warn[:3]) + (f" and {len(warn) - 3:,} more" if len(warn) > 3 else "")
            return phrases.WARN, f"{_many(len(warn), len(found))} waiting for a person: {names}"
        return phrases.WELL, "All is well" if len(found) != 1 else "The printer is well"

    def _running(self) -> dict[int, JobRecord]:
        return {each.number: each for each in self._operator.printing()}

    def _rate(self, job: JobRecord | None) -> float | None:
        # From one look to the next, at least most of a second apart.
        if job is None:
            return None
        now, rates = self._facts.wallClock(), self._facts.rates
        began = now if job.started is None else job.started
        when, sent, rate = rates.get(job.number, (began, 0, 0.0))
        if now - when >= 0.9:
            rate = max(job.sent - sent, 0) / (now - when)
            rates[job.number] = (now, job.sent, rate)
            while len(rates) > RATES:
                del rates[next(iter(rates))]
        return rate

    def _portRow(
        self, each: PortRecord, running: Mapping[int, JobRecord], now: float, guest: Guest
    ) -> Row:
        job = running.get(each.job or 0)
        note = self._notes.of(rows.portKey(each.name))
        return rows.port(each, job, self._rate(job), now, guest.role, note)

    def _firstUpload(self, name: str, host: str) -> Row:
        listener = self._facts.listener()
        if listener is None:
            return emptyRow("Nobody has printed yet")
        at = f"{host}:{listener}" if listener != 21 else host
        command = f"curl -T page.ps ftp://{at}/{name}/"
        return Row(
            "teach",
            command,
            lambda: tags.li(
                tags.p("Nobody has printed yet. Send your first page:"),
                tags.pre(tags.code(command)),
                id="teach",
                class_="row empty",
            ),
        )

    async def _port(self, name: str, guest: Guest, host: str) -> View:
        record, now = self._operator.port(name), self._facts.wallClock()
        job = self._running().get(record.job or 0)
        standing = phrases.standing(record, job, now)
        line = await self._operator.line(record.name, LINE)
        last, _ = await self._api.found({"port": [record.name], "limit": [str(LINE * 2)]})
        ended = [each for each in last if each.ended][:LINE]
        parts: list[Tag | Row | Box] = [
            tags.p(tags.a("Printers", href="/"), class_="up"),
            self._portHead(record, standing, guest),
            self._portWork(record, job, now, guest),
        ]
        others = self._others(record)
        places = [
            rows.job(
                each,
                now,
                questions=rows.jobQuestions(each, guest.role, each.sha256 is not None, others),
                note=self._notes.of(rows.jobKey(each.number)),
                place=place,
                showsPort=False,
            )
            for place, each in enumerate(line, 1)
        ]
        parts.append(tags.h2("In line", id="line"))
        parts.append(Box("waiting", "In line", places or [emptyRow("Nobody waits", "nobody")]))
        if record.queued + record.held > len(line):
            all_ = rows.link("/jobs", port=record.name, state=JobState.PENDING)
            parts.append(tags.p(tags.a(f"All {record.queued + record.held:,}", href=all_)))
        parts.append(tags.h2("Last jobs"))
        entries = [self._jobRow(each, now, guest, showsPort=False) for each in ended]
        parts.append(Box("ended", "Last jobs", entries or [self._firstUpload(record.name, host)]))
        parts.append(tags.p(tags.a("All its jobs", href=rows.link("/jobs", port=record.name))))
        title = f"{record.name}: {standing.word}"
        return View(title, standing.mark, parts, place="/")

    def _portHead(self, record: PortRecord, standing: phrases.PortStanding, guest: Guest) -> Row:
        note = self._notes.of(rows.portKey(record.name))
        facts = [("Prints to", record.uri)] if record.uri else []
        names = [*([f"PORT{record.number}"] if record.number else []), *record.aliases]
        others = [each for each in names if each.upper() != record.name.upper()]
        facts += [("Also called", ", ".join(others))] if others else []
        facts += [("Stands at", record.location)] if record.location else []
        keeps = "kept on disk until they are printed" if record.spooled else "sent straight on"
        facts.append(("Jobs are", keeps))
        facts += [(name, value) for name, value in self._facts.settingsOf(record.name)]
        if record.message:
            facts.append(("Last heard", record.message))

        def make() -> Tag:
            return tags.section(
                tags.h1(record.name, tags.small(f" {record.description}")),
                rows.mark(standing.mark, standing.word, standing.more),
                *rows.said(note),
                factList(facts),
                tags.div(*map(rows.question, self._portQuestions(record, guest)), class_="do"),
                id=rows.portKey(record.name),
                class_=f"head {standing.mark}",
                tabindex="-1",
            )

        return Row(rows.portKey(record.name), (record, standing, note, guest.role), make)

    def _portQuestions(self, record: PortRecord, guest: Guest) -> list[rows.Question]:
        found = rows.portQuestions(record, guest.role)
        if guest.role < Role.OPERATE:
            return found
        name, url, isThere = record.name, rows.portURL(record.name), REMOVED not in record.reasons
        if isThere and record.spooled and record.job is not None and "paused" not in record.reasons:
            now = tags.input(type="hidden", name="now", value="yes", form=rows.ASK)
            text = f"Cut job {record.job} at once? It is held, as a part may be on paper."
            found.append(rows.Question("Pause at once", name, text, f"{url}/pause", [now]))
        if isThere:
            text = f"Print a test page on {name}?"
            found.append(rows.Question("Test page", name, text, f"{url}/test"))
        others = self._others(record)
        if others and record.queued + record.held:
            text = f"Print all that waits at {name} on another port?"
            found.append(rows.Question("Move all", name, text, f"{url}/move", [rows.to(others)]))
        return found

    def _others(self, record: PortRecord) -> list[str]:
        # A choice of thousands is none; those have the command.
        if not record.spooled:
            return []
        ports = (port for _, port in self._glance() if REMOVED not in port.reasons)
        return [e.name for e in ports if e.spooled and e.name != record.name][:SHOWN]

    def _portWork(self, record: PortRecord, job: JobRecord | None, now: float, guest: Guest) -> Box:
        if job is None:
            return Box("now", "Now", [emptyRow("It has no job", "idle")])
        row = rows.job(
            job,
            now,
            rate=self._rate(job),
            questions=rows.jobQuestions(job, guest.role, record.spooled, ()),
            note=self._notes.of(rows.jobKey(job.number)),
            showsPort=False,
        )
        return Box("now", "Now", [row])

    # Jobs.

    def _jobRow(self, each: JobRecord, now: float, guest: Guest, showsPort: bool = True) -> Row:
        rate = self._rate(each) if each.state is JobState.PROCESSING else None
        note = self._notes.of(rows.jobKey(each.number))
        asked = rows.jobQuestions(each, guest.role, each.sha256 is not None, ())[:2]
        return rows.job(each, now, rate=rate, questions=asked, note=note, showsPort=showsPort)

    async def _jobs(self, query: Query, guest: Guest) -> View:
        # A form sends fields that nobody has filled in, too.
        said = {name: [v for v in values if v] for name, values in query.items()}
        asked = {name: values for name, values in said.items() if values}
        now = self._facts.wallClock()
        days = {name: [dayBegins(values[0])] for name, values in asked.items() if name in DAYS}
        found, more = await self._api.found({"limit": [str(SHOWN)], **asked, **days})
        running = self._running()
        entries = [self._jobRow(running.get(e.number, e), now, guest) for e in found]
        if not entries:
            entries = [emptyRow("No job is so" if asked else "Nobody has printed yet")]
        filters = {name: values[0] for name, values in asked.items() if name != "before"}
        parts: list[Tag | Row | Box] = [
            tags.h1("Jobs"),
            filterForm(filters, now),
            Box("jobs", "Jobs", entries),
        ]
        turns = []
        if "before" in asked:
            turns.append(tags.a("Newest", href=rows.link("/jobs", **filters)))
        if more is not None:
            older = rows.link("/jobs", **filters, before=str(more))
            turns.append(tags.a("Older", href=older, rel="next"))
        if turns:
            parts.append(tags.nav(*turns, class_="turn", **{"aria-label": "More jobs"}))
        return View("Jobs", self._mark(), parts, place="/jobs")

    def _mark(self) -> str:
        return self._worst(self._glance())[0]

    def _readPorts(self, now: float, running: Mapping[int, JobRecord]) -> list[PortStandings]:
        found = [
            (phrases.standing(each, running.get(each.job or 0), now), each)
            for each in self._operator.ports()
        ]
        self._looked = (now, found)
        return found

    def _glance(self) -> list[PortStandings]:
        # Thousands of ports are not looked at again for the sign of a page about something else.
        now, (when, found) = self._facts.wallClock(), self._looked
        return found if 0 <= now - when < GLANCE else self._readPorts(now, self._running())

    async def _job(self, number: int, guest: Guest) -> View:
        record, now = await self._api.job(number), self._facts.wallClock()
        record = self._running().get(number, record)
        mark, word = phrases.state(record)
        kept = record.sha256 is not None
        try:
            others = self._others(self._operator.port(record.port))
        except NoSuchPort:
            others = []
        rate = self._rate(record) if record.state is JobState.PROCESSING else None
        head = rows.job(
            record,
            now,
            rate=rate,
            questions=rows.jobQuestions(record, guest.role, kept, others),
            note=self._notes.of(rows.jobKey(number)),
        )
        parts: list[Tag | Row | Box] = [
            tags.p(tags.a("Jobs", href="/jobs"), class_="up"),
            tags.h1(f"Job {number}", tags.small(f" {record.name}")),
            Box("head", f"Job {number}", [head]),
            tags.h2("Its life"),
            lifeLine(await self._api.events(number), now),
            jobFacts(record, now),
        ]
        return View(f"Job {number}: {word}", mark, parts, place="/jobs")


def _one(query: Query, name: str) -> str:
    values = query.get(name, ())
    return values[0] if len(values) == 1 else ""


def _page(query: Query, many: int) -> tuple[int, int]:
    said, last = _one(query, "page"), max(1, -(-many // SHOWN))
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 1
    return min(max(number, 1), last), last


def _matches(record: PortRecord, text: str) -> bool:
    if not text:
        return True
    words = (record.name, record.description, record.location, record.uri, *record.aliases)
    return any(text.lower() in word.lower() for word in words)


def _many(some: int, all_: int) -> str:
    return f"{some:,} of {all_:,} printers {'is' if some == 1 else 'are'}"
