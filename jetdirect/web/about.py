"""
The pages about the gateway itself: what is set, and the last lines of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.web.template import Tag, tags

from . import phrases, rows, shapes
from .access import Guest, Role
from .parts import Box, View, emptyRow
from .rows import Note, Row


def configuration(
    said: Mapping[str, Any], note: Note | None, guest: Guest, mark: str, now: float
) -> View:
    """
    What is set, and what came of the last reload.

    @param said: as C{GET /api/config} tells it.
    @param note: what came of the guest's own reload.
    @param mark: the sign of the window.
    """
    parts: list[Tag | Row | Box] = [tags.h1("Configuration"), _reloaded(said, note, guest, now)]
    topics: dict[str, list[Mapping[str, Any]]] = {}
    for each in said["options"]:
        topics.setdefault(each["topic"], []).append(each)
    for topic, options in topics.items():
        body = [
            tags.tr(
                tags.th(each["name"], scope="row"),
                tags.td(str(each["value"])),
                tags.td(each["where"] or "default"),
                class_="" if each["where"] else "quiet",
            )
            for each in options
        ]
        head = tags.tr(*(tags.th(w, scope="col") for w in ("Option", "Value", "Said at")))
        table = tags.table(tags.caption(topic), tags.thead(head), tags.tbody(*body))
        parts.append(
            tags.div(table, class_="wide", tabindex="0", role="region", **{"aria-label": topic})
        )
    return View("Configuration", mark, parts, place="/config")


def _reloaded(said: Mapping[str, Any], note: Note | None, guest: Guest, now: float) -> Row:
    last = said.get("reloaded")

    def make() -> Tag:
        parts: list[Any] = []
        file = said.get("file")
        told = f"Read from {file}. " if file else "Said on the command line. "
        parts.append(tags.p(told, "Pages only show it; the file is edited by hand."))
        if last is None:
            parts.append(tags.p("It was not read again since the start."))
        else:
            when = rows.clock(shapes.moment(last["time"]), now, True)
            if last["errors"]:
                parts.append(
                    rows.mark(phrases.BAD, "The last reload was refused", "nothing has changed")
                )
                parts.append(tags.p("At ", when, ", because:"))
                parts.append(tags.ul(*(tags.li(each) for each in last["errors"])))
            else:
                parts.append(rows.mark(phrases.WELL, "The last reload was applied"))
                changed = last["changes"] or ["nothing has changed"]
                parts.append(tags.p("At ", when, ":"))
                parts.append(tags.ul(*(tags.li(each) for each in changed)))
        if guest.role >= Role.ADMINISTER and said.get("reloads"):
            text = "Read the configuration again? If anything is wrong, nothing changes."
            asked = rows.Question("Reload", "the configuration", text, "/config/reload")
            parts.append(tags.div(rows.question(asked), class_="do"))
        return tags.section(*parts, *rows.said(note), id="reloaded", class_="head", tabindex="-1")

    seen = (repr(last), note, guest.role)
    return Row("reloaded", seen, make)


def log(lines: Sequence[tuple[int, str, str]], mark: str) -> View:
    """@param lines: of the log, each with its number and level; the oldest first."""
    entries = [
        Row(f"line-{number}", text, _line(number, level, text))
        for number, level, text in reversed(lines)
    ]
    parts: list[Tag | Row | Box] = [
        tags.h1("Log"),
        tags.p("The newest line is the first one.", class_="quiet"),
        Box("log", "Log", entries or [emptyRow("No line yet")]),
    ]
    return View("Log", mark, parts, place="/log")


def _line(number: int, level: str, text: str) -> Callable[[], Tag]:
    loud = level in ("warn", "error", "critical")
    sign = [tags.strong(f"{level} ")] if loud else []
    return lambda: tags.li(*sign, text, id=f"line-{number}", class_=level)
