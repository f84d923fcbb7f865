"""
A page as a browser gets it: what is around what it shows.  No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files

from twisted.web.template import Tag, flattenString, tags

from . import phrases, rows
from .access import Guest, Role
from .parts import Box, View
from .rows import Row

_PLACES = (("/", "Printers"), ("/jobs", "Jobs"), ("/config", "Configuration"), ("/log", "Log"))
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def _static() -> dict[str, tuple[str, bytes]]:
    found = {}
    for each in files(__package__).joinpath("static").iterdir():
        kind = _KINDS.get(each.name.rpartition(".")[2])
        if kind is not None:
            found[each.name] = (f"{kind}; charset=utf-8", each.read_bytes())
    return found


STATIC = _static()
"""What pages fetch besides, by its name: the media type, and the bytes."""

_EDITION = sha256(b"".join(content for _, (_, content) in sorted(STATIC.items()))).hexdigest()[:8]
# In their addresses: a browser does not take those of the version before from its cache.


def page(view: View, guest: Guest, here: str, token: str, now: float) -> bytes:
    """
    A whole page.

    @param here: its address, from the first slash on.
    @param token: what a change has to bring.
    @param now: seconds since the epoch.
    """
    links = []
    for path, word in _PLACES[: None if guest.role >= Role.ADMINISTER else 2]:
        current = {"aria-current": "page"} if path == view.place else {}
        links.append(tags.li(tags.a(word, href=path, **current)))
    head = tags.head(
        tags.meta(charset="utf-8"),
        tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
        tags.meta(name="color-scheme", content="light dark"),
        tags.title(title(view)),
        tags.link(rel="icon", id="icon", href=icon(view)),
        tags.link(rel="stylesheet", href=f"/static/style.css?{_EDITION}"),
        tags.script(src=f"/static/script.js?{_EDITION}", defer="defer"),
    )
    asOf = tags.span("As of ", rows.clock(now, now), id="live", role="status")
    body = tags.body(
        tags.a("To the content", href="#main", class_="skip"),
        tags.header(
            tags.a("jetdirect", href="/", class_="brand"),
            tags.nav(tags.ul(*links), **{"aria-label": "Pages"}),
            asOf,
        ),
        Tag("main")(*map(_part, view.parts), id="main", tabindex="-1"),
        tags.form(
            tags.input(type="hidden", name="token", value=token),
            tags.input(type="hidden", name="back", value=here),
            id=rows.ASK,
            method="post",
            action="/",
        ),
        **{"data-here": here},
    )
    return b"<!DOCTYPE html>\n" + flat(tags.html(head, body, lang="en"))


def title(view: View) -> str:
    """What the window is called: the state comes first, as tabs are narrow."""
    return f"{view.title} - jetdirect"


def icon(view: View) -> str:
    """The sign of the window."""
    mark = view.mark if view.mark in (phrases.BAD, phrases.WARN) else phrases.WELL
    return f"/static/{mark}.svg"


def _part(part: Tag | Row | Box) -> Tag:
    if isinstance(part, Row):
        return part.make()
    if isinstance(part, Box):
        entries = [row.make() for row in part.rows]
        return tags.ul(*entries, id=part.key, class_="box", **{"aria-label": part.label})
    return part


def flat(tag: Tag) -> bytes:
    """An element as bytes: nothing in it is waited for."""
    found: list[bytes] = []
    flattenString(None, tag).addCallback(found.append)
    return found[0]


def rowsOf(view: View) -> Sequence[Row]:
    """All rows of a page."""
    found: list[Row] = []
    for part in view.parts:
        if isinstance(part, Row):
            found.append(part)
        elif isinstance(part, Box):
            found.extend(part.rows)
    return found


def boxesOf(view: View) -> dict[str, list[str]]:
    """Which rows stand in each box, from top to bottom."""
    boxes = (part for part in view.parts if isinstance(part, Box))
    return {box.key: [row.key for row in box.rows] for box in boxes}
