"""
Printing ports and jobs as they stand on pages: elements of HTML.  No I/O.

What changes stands in rows, each with an identity: a page that is open is told which of its rows
are new, and by what they are to be replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from twisted.web.template import Tag, tags

from ..record import REMOVED, JobRecord, JobState, PortRecord
from . import phrases
from .access import Role

ASK = "ask"
"""The form that every question on a page belongs to: it has the token."""

_GLYPHS = {
    phrases.BAD: "■",
    phrases.WARN: "▲",
    phrases.BUSY: "▶",
    phrases.WELL: "●",
    phrases.WAITS: "○",
}


class Note(NamedTuple):
    """
    What came of the last thing that somebody wanted of a row.

    @ivar text: a sentence.
    @ivar done: was it done?
    """

    text: str
    done: bool


class Row(NamedTuple):
    """
    @ivar key: the identity of its element.
    @ivar seen: all that it shows; as long as that is the same, so is the row.
    @ivar make: makes the element.
    """

    key: str
    seen: Hashable
    make: Callable[[], Tag]


class Question(NamedTuple):
    """
    Something that can be done, which asks once before.

    @ivar word: on the button that opens it.
    @ivar about: to what it would be done; for those who do not see where it stands.
    @ivar text: the question.
    @ivar path: where the answer goes.
    @ivar more: fields to fill in.
    """

    word: str
    about: str
    text: str
    path: str
    more: Sequence[Tag] = ()


def portKey(name: str) -> str:
    """The identity of a port's row."""
    return f"port-{name.lower()}"


def jobKey(number: int) -> str:
    """The identity of a job's row."""
    return f"job-{number}"


def portURL(name: str) -> str:
    """The page of a port."""
    return f"/ports/{quote(name, safe='')}"


def jobURL(number: int) -> str:
    """The page of a job."""
    return f"/jobs/{number}"


def port(
    record: PortRecord,
    job: JobRecord | None,
    rate: float | None,
    now: float,
    role: Role,
    note: Note | None,
) -> Row:
    """
    A printing port among others.

    @param job: the one that has it.
    @param rate: bytes a second that it moves; L{None}: not known.
    """
    standing = phrases.standing(record, job, now)
    how = None if job is None else _how(job, rate)

    def make() -> Tag:
        parts = [
            mark(standing.mark, standing.word, standing.more),
            tags.div(
                tags.a(record.name, href=portURL(record.name)),
                tags.span(" · ".join(filter(None, [record.description, record.location]))),
                class_="who",
            ),
            tags.div(*_work(record, job, how), class_="work"),
            tags.div(*(map(question, portQuestions(record, role)[:1])), class_="do"),
        ]
        return tags.li(
            *parts,
            *said(note),
            id=portKey(record.name),
            class_=f"row {standing.mark}",
            tabindex="-1",
        )

    return Row(portKey(record.name), (record, standing, _seen(job), how, note, role), make)


def _work(record: PortRecord, job: JobRecord | None, how: str | None) -> list[Tag]:
    parts = []
    if job is not None:
        parts.append(
            tags.p(
                tags.a(f"Job {job.number}", href=jobURL(job.number)), f" {job.name}", class_="name"
            )
        )
        parts.append(bar(job))
        parts.append(tags.p(how or "", class_="how"))
    line = [f"{record.queued:,} waiting"] if record.queued else []
    line += [f"{record.held:,} held"] if record.held else []
    if line:
        parts.append(tags.p(tags.a(" · ".join(line), href=f"{portURL(record.name)}#line")))
    elif job is None:
        parts.append(tags.p("No jobs", class_="quiet"))
    return parts


def _seen(job: JobRecord | None) -> Hashable:
    return None if job is None else (job.number, job.name, job.sent, job.size, job.state)


def _how(job: JobRecord, rate: float | None) -> str:
    parts = [phrases.progress(job)]
    if job.blocked >= 2:
        parts.append(f"no byte taken {phrases.lasting(job.blocked)}")
    elif rate:
        parts.append(f"{phrases.size(rate)}/s")
    return " · ".join(parts)


def bar(job: JobRecord) -> Tag:
    """How far a job is, as a bar; one without an end where its size is not known."""
    label = f"Job {job.number}: {phrases.progress(job)}"
    if job.size:
        return tags.progress(value=str(phrases.percent(job)), max="100", **{"aria-label": label})
    return tags.progress(max="100", **{"aria-label": label})


def mark(kind: str, word: str, more: str = "") -> Tag:
    """A state: a sign, a word, and more words."""
    return tags.span(
        tags.span(_GLYPHS[kind], class_="sign", **{"aria-hidden": "true"}),
        tags.strong(word),
        *([tags.span(f" {more}", class_="more")] if more else []),
        class_=f"state {kind}",
    )


def said(note: Note | None) -> list[Tag]:
    """The result of an action, on its row."""
    if note is None:
        return []
    return [tags.p(note.text, class_=f"note {'done' if note.done else 'refused'}", role="status")]


def question(asked: Question) -> Tag:
    """A button that asks; what says yes is another one."""
    button = tags.button(
        "Yes, ",
        asked.word[:1].lower() + asked.word[1:],
        type="submit",
        form=ASK,
        formaction=asked.path,
    )
    about = tags.span(f" {asked.about}", class_="hidden")
    return tags.details(
        tags.summary(asked.word, about),
        tags.div(tags.p(asked.text), *asked.more, button),
        class_="ask",
        name="ask",
    )


def portQuestions(record: PortRecord, role: Role) -> list[Question]:
    """What can be done with a port: the first is what is wanted most."""
    if role < Role.OPERATE or REMOVED in record.reasons:
        return []
    name, url = record.name, portURL(record.name)
    if "paused" in record.reasons:
        return [Question("Resume", name, f"Let {name} print again?", f"{url}/resume")]
    waits = "its jobs wait meanwhile" if record.spooled else "senders are told 450 meanwhile"
    after = "after the job that it has" if record.job is not None else "from now on"
    return [Question("Pause", name, f"Pause {name} {after}? {waits.capitalize()}.", f"{url}/pause")]


def jobQuestions(job: JobRecord, role: Role, spooled: bool, ports: Sequence[str]) -> list[Question]:
    """
    What can be done with a job.

    @param spooled: is it kept in a spool?
    @param ports: where it could be moved.
    """
    if role < Role.OPERATE:
        return []
    about, url = f"job {job.number}", jobURL(job.number)
    found = []
    if not job.ended:
        told = "" if spooled else " Its sender is told 551: do not send it again."
        begun = " A part may be on paper." if job.printed != "no" else ""
        found.append(
            Question(
                "Cancel", about, f"End job {job.number} for good?{told}{begun}", f"{url}/cancel"
            )
        )
    if not spooled:
        return found
    waits, held = job.state is JobState.PENDING, job.state is JobState.HELD
    if held:
        doubt = " It may print a second time." if job.printed == "part" else ""
        found.insert(
            0, Question("Release", about, f"Let job {job.number} print?{doubt}", f"{url}/release")
        )
    if waits:
        found.append(Question("Hold", about, "Let it wait for a person?", f"{url}/hold"))
        found.append(Question("Print next", about, "Put it in front of the others?", f"{url}/next"))
    if (waits or held) and ports:
        found.append(
            Question("Move", about, "Print it on another port?", f"{url}/move", [to(ports)])
        )
    if job.ended:
        found.append(
            Question(
                "Print again",
                about,
                "Print it once more, as a new job, if it is kept?",
                f"{url}/reprint",
            )
        )
        if role >= Role.ADMINISTER:
            asked = "Remove its bytes and all names for good?"
            found.append(Question("Erase", about, asked, f"{url}/erase"))
    return found


def to(ports: Sequence[str]) -> Tag:
    """A choice of ports."""
    options = [tags.option(each, value=each) for each in ports]
    return tags.label("To ", tags.select(*options, name="to", form=ASK))


def job(
    record: JobRecord,
    now: float,
    *,
    rate: float | None = None,
    questions: Sequence[Question] = (),
    note: Note | None = None,
    place: int | None = None,
    showsPort: bool = True,
) -> Row:
    """
    A job among others.

    @param place: where it stands in line.
    """
    mark_, word = phrases.state(record)
    running = record.state in (JobState.PROCESSING, JobState.STOPPED)
    how = _how(record, rate) if running else phrases.size(record.bytes)
    more = phrases.rest(word, record.reason)
    more = more or ("" if place is None else f"number {place} in line")

    def make() -> Tag:
        name = tags.div(
            tags.a(f"Job {record.number}", href=jobURL(record.number)),
            tags.span(record.name, class_="name"),
            class_="who",
        )
        whose = f"{record.user or 'nobody'} at {record.host}" if record.host else record.user
        facts: list[Any] = [
            *([tags.a(record.port, href=portURL(record.port)), " · "] if showsPort else []),
            whose,
            " · ",
            clock(record.created, now),
            f" · {how}",
        ]
        return tags.li(
            mark(mark_, phrases.sentence(word), more),
            name,
            tags.div(tags.p(*facts), *([bar(record)] if running else []), class_="work"),
            tags.div(*map(question, questions), class_="do"),
            *said(note),
            id=jobKey(record.number),
            class_=f"row {mark_}",
            tabindex="-1",
        )

    day = phrases.moment(record.created, now)
    seen = (record.number, record.port, word, more, how, _seen(record), day, note)
    return Row(jobKey(record.number), (seen, tuple(each.word for each in questions)), make)


def clock(when: float, now: float, seconds: bool = False) -> Tag:
    """A moment, for people and for programs."""
    text = phrases.exactly(when, now) if seconds else phrases.moment(when, now)
    exact = datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds")
    return tags.time(text, datetime=exact, title=exact.replace("+00:00", " UTC"))


def link(path: str, **query: str) -> str:
    """A path with what is asked there; nothing is left out."""
    said = {name.rstrip("_"): value for name, value in query.items() if value}
    return f"{path}?{urlencode(said)}" if said else path
