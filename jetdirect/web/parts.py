"""
What pages are made of, drawn from what they are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from twisted.web.template import Tag, tags

from ..record import JobEvent, JobRecord, JobState
from . import phrases, rows, shapes
from .api import FILTERS
from .rows import Row

KINDS = {
    "": "All",
    phrases.BAD: "In trouble",
    phrases.WARN: "Wanting a person",
    phrases.BUSY: "Printing",
    phrases.WELL: "Ready",
}

DAYS = ("since", "until")

_LABELS = {
    "port": "Printer",
    "state": "State",
    "user": "User",
    "host": "Host",
    "since": "Since",
    "until": "Before",
    "q": "Text",
}


class Box(NamedTuple):
    """
    Rows one below the other.

    @ivar key: the identity of its element.
    @ivar label: what they are.
    """

    key: str
    label: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class View:
    """
    What a page shows.

    @ivar title: for the title of the window, and the page's.
    @ivar mark: the sign of the window: how the gateway is.
    @ivar parts: what stands there, from top to bottom.
    @ivar status: of HTTP.
    @ivar place: which of the pages it is.
    """

    title: str
    mark: str
    parts: Sequence[Tag | Row | Box]
    status: int = 200
    place: str = ""


def emptyRow(text: str, key: str = "empty") -> Row:
    """What stands where there is nothing."""
    return Row(key, text, lambda: tags.li(text, id=key, class_="row empty"))


def factList(facts: Sequence[tuple[str, str]]) -> Tag:
    """Names and values."""
    return tags.dl(
        *(tags.div(tags.dt(name), tags.dd(text)) for name, text in facts), class_="facts"
    )


def titleOf(counts: Mapping[str, int]) -> str:
    """The title of the window: how many printers are not well."""
    if counts[phrases.BAD]:
        return f"{counts[phrases.BAD]:,} in trouble"
    if counts[phrases.WARN]:
        return f"{counts[phrases.WARN]:,} waiting for a person"
    return "All well"


def summaryRow(worst: tuple[str, str], counts: Mapping[str, int]) -> Row:
    """How all printers are, in one line."""
    kind, text = worst
    busy = f"{counts[phrases.BUSY]:,} printing" if counts[phrases.BUSY] else ""

    def make() -> Tag:
        return tags.section(
            tags.div(tags.h1(rows.mark(kind, text)), role="status"),
            id="summary",
            class_=f"sum {kind}",
        )

    return Row("summary", (worst, busy), make)


def choiceRow(wanted: str, text: str, counts: Mapping[str, int]) -> Row:
    """Links to the printers in each state, and a box to find one by its name."""

    def make() -> Tag:
        links = []
        for kind, word in KINDS.items():
            if kind and not counts[kind] and kind != wanted:
                continue
            current = {"aria-current": "true"} if kind == wanted else {}
            shown: list[Any] = [word, " ", tags.span(f"{counts[kind]:,}", class_="count")]
            links.append(
                tags.li(tags.a(*shown, href=rows.link("/", state=kind, q=text), **current))
            )
        hidden = [tags.input(type="hidden", name="state", value=wanted)] if wanted else []
        find = tags.form(
            tags.label("Find ", tags.input(type="search", name="q", value=text)),
            *hidden,
            tags.button("Find", type="submit"),
            action="/",
            role="search",
        )
        return tags.div(tags.ul(*links), find, id="choice", class_="choice")

    return Row("choice", (wanted, text, tuple(counts.items())), make)


def turner(path: str, page: int, last: int, **query: str) -> list[Tag | Row | Box]:
    """Links to the pages before and behind this one."""
    if last == 1:
        return []
    links = []
    if page > 1:
        links.append(tags.a("Back", href=rows.link(path, **query, page=str(page - 1)), rel="prev"))
    links.append(tags.span(f"Page {page} of {last}"))
    if page < last:
        links.append(tags.a("On", href=rows.link(path, **query, page=str(page + 1)), rel="next"))
    return [tags.nav(*links, class_="turn", **{"aria-label": "More printers"})]


def dayBegins(text: str) -> str:
    """The time that a day in a filter means; other text is left as it is."""
    # A day on a page is one of the gateway's own clock, as all times there are.
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return text
    try:
        return shapes.time(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return text


def filterForm(said: Mapping[str, str], now: float) -> Tag:
    """The boxes and links that choose jobs."""
    fields = []
    for name, label in _LABELS.items():
        if name not in FILTERS:
            continue
        value = said.get(name, "")
        if name == "state":
            options = [tags.option("any", value="")]
            for state, word in phrases.STATES.items():
                chosen = {"selected": "selected"} if state == value else {}
                options.append(tags.option(word, value=str(state), **chosen))
            box = tags.select(*options, name=name)
        else:
            kind = "date" if name in DAYS and (not value or len(value) == 10) else "text"
            box = tags.input(type=kind, name=name, value=value)
        fields.append(tags.label(tags.span(label), box))
    today = datetime.fromtimestamp(now).date()
    days = {"since": str(today - timedelta(1)), "until": str(today)}
    quick: list[tuple[str, dict[str, str]]] = [
        ("All", {}),
        ("Today", {"since": str(today)}),
        ("Yesterday", days),
        ("Failed", {"state": str(JobState.ABORTED)}),
        ("Failed yesterday", {"state": str(JobState.ABORTED), **days}),
        ("Held", {"state": str(JobState.HELD)}),
        ("Waiting", {"state": str(JobState.PENDING)}),
    ]
    links = [
        tags.li(
            tags.a(
                word,
                href=rows.link("/jobs", **query),
                **({"aria-current": "true"} if query == dict(said) else {}),
            )
        )
        for word, query in quick
    ]
    form = tags.form(*fields, tags.button("Show", type="submit"), action="/jobs", role="search")
    return tags.div(tags.ul(*links), form, class_="choice")


def jobFacts(record: JobRecord, now: float) -> Row:
    """What is known of a job."""
    facts = [
        ("From", f"{record.user or 'nobody'} at {record.host or 'this gateway'}"),
        ("Bytes", f"{record.bytes:,}"),
        ("On paper", phrases.PAPER.get(record.printed, record.printed)),
        ("Attempts", str(record.attempts)),
    ]
    if record.completed is not None:
        facts.append(("Took", phrases.took(record.completed - record.created)))
    if record.reply is not None:
        facts.append(("Reply", str(record.reply)))
    if record.sha256:
        facts.append(("SHA-256", record.sha256))

    def make() -> Tag:
        return tags.section(tags.h2("Facts"), factList(facts), id="facts")

    return Row("facts", tuple(facts), make)


def lifeLine(events: Sequence[JobEvent], now: float) -> Box:
    """What has happened to a job, in order."""
    entries: list[Row] = []
    last = ""
    for each in events:
        text, key = phrases.event(each), f"event-{len(entries)}"
        if text == last:
            continue  # what a person did, and what became of the job
        last = text

        def make(each: JobEvent = each, key: str = key, text: str = text) -> Tag:
            return tags.li(tags.span(rows.clock(each.time, now, True), class_="when"), text, id=key)

        entries.append(Row(key, (phrases.moment(each.time, now), text), make))
    return Box("life", "Its life", entries)
