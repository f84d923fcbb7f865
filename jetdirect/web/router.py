"""
Leads each request to what answers it: a page, a file of it, a form, or the API.

First it is checked: where the request comes from, which user it is, and what that user may do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qs, unquote

from twisted.cred.error import LoginFailed, UnhandledCredentials
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..text import presentable, printable
from . import forms, frame, phrases
from .access import Access, Guest, Role, needed, said
from .admission import whyNot
from .api import API
from .forms import Tokens
from .notes import Notes
from .pages import Pages, Query
from .parts import View
from .reply import BARE, Asked, Reply, inJSON

FIELDS = 100
"""The most fields of a query or a form; more are refused before they are read."""

WRONG_PASSWORD = 1.0
"""Seconds that a wrong password costs, as with FTP."""

_OPEN = ([b"healthz"], [b"readyz"])

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus takes nothing for its text format that does not say so."""

_PAGES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Router:
    """Answers the requests to one gateway."""

    _log = Logger()

    def __init__(
        self,
        api: API,
        pages: Pages,
        notes: Notes,
        access: Callable[[], Access],
        clock: IReactorTime,
        wallClock: Callable[[], float],
    ) -> None:
        """@param access: what is set about those who ask, at this moment."""
        self._api = api
        self._pages = pages
        self._notes = notes
        self._access = access
        self._clock = clock
        self._wallClock = wallClock
        self._tokens = Tokens()

    async def answer(self, asked: Asked) -> Reply:
        """Answer one request; it never raises."""
        if [*asked.path] in _OPEN:
            return await self._fromAPI(asked, [each.decode() for each in asked.path], "nobody")
        access = self._access()
        schemes = ["https"] if asked.secure else ["http"]
        schemes += ["https"] if access.behindProxy and not asked.isUnix else []
        wantsJSON = asked.method == "POST" and asked.path[:1] == [b"api"]
        why = whyNot(asked.headers, wantsJSON, access.hosts, asked.own, schemes)
        if why:
            return self._refused(asked, 403, why)
        guest = await self._guest(asked, access)
        if guest is None:
            return self._refused(asked, 401, "say who you are: a user name and a password")
        try:
            path = [unquote(each.decode("ascii"), errors="strict") for each in asked.path]
            query = _fields(asked.query)
        except ValueError:
            return self._refused(asked, 400, "the address cannot be read")
        if guest.role < needed(asked.method, path):
            return self._refused(
                asked, 403, f"{guest.name} may not do that; an administrator says who may"
            )
        return replace(await self._routed(asked, path, query, guest), by=guest.name)

    async def _routed(self, asked: Asked, path: Sequence[str], query: Query, guest: Guest) -> Reply:
        if path[:1] in (["api"], ["metrics"]):
            return await self._fromAPI(asked, path, guest.name)
        if asked.method == "POST":
            return await self._form(asked, path, guest)
        if asked.method not in ("GET", "HEAD"):
            why = "pages are asked for with GET"
            return self._refused(asked, 405, why, {"Allow": "GET"})
        if path[:1] != ["static"] and _wantsData(asked):  # the same address, for a program
            return await self._fromAPI(asked, ["api", *(path if path != [""] else ["ports"])], "")
        match path:
            case ["static", name] if name in frame.STATIC:
                kind, content = frame.STATIC[name]
                return Reply(200, content, kind, heads={"Cache-Control": "private, max-age=300"})
            case ["events"]:
                return self._events(query, guest, asked)
        return await self._page(asked, path, query, guest)

    async def _guest(self, asked: Asked, access: Access) -> Guest | None:
        if asked.isUnix:
            return Guest(asked.peer, Role.ADMINISTER)
        if not access.checkers:
            return Guest(asked.peer, access.roleOf(""))
        named = [said(each) for each in asked.headers("Authorization")]
        if len(named) != 1 or named[0] is None:
            return None
        for checker in access.checkers:
            try:
                who = await checker.requestAvatarId(named[0])
            except (LoginFailed, UnhandledCredentials):
                continue
            if isinstance(who, bytes):
                name = who.decode("utf-8", "replace")
                return Guest(printable(name), access.roleOf(name))
        name = printable(named[0].username.decode("utf-8", "replace"))
        self._log.warn("login of {user!r} from {peer} failed", user=name, peer=asked.peer)
        waited: Deferred[None] = Deferred()
        self._clock.callLater(WRONG_PASSWORD, waited.callback, None)
        await waited
        return None

    async def _fromAPI(self, asked: Asked, path: Sequence[str], by: str) -> Reply:
        try:
            query = _fields(asked.query)
        except ValueError:
            return self._refused(asked, 400, "the address cannot be read")
        answer = await self._api.answer(asked.method, path, query, asked.body, by)
        heads = {"Allow": answer.allow} if answer.allow else {}
        if answer.text is not None:
            return Reply(answer.status, answer.text, _PROMETHEUS)
        return inJSON(answer.status, answer.body, heads)

    def _refused(
        self, asked: Asked, status: int, why: str, heads: Mapping[str, str] | None = None
    ) -> Reply:
        # For a program as JSON, for a browser as a page.
        more = dict(heads or {})
        if status == 401:
            more["WWW-Authenticate"] = 'Basic realm="jetdirect", charset="UTF-8"'
        isPage = asked.path[:1] not in ([b"api"], [b"events"], [b"metrics"])
        wantsHTML = any("text/html" in each for each in asked.headers("Accept"))
        if not (isPage and wantsHTML):
            return inJSON(status, {"error": why}, more)
        view = self._pages.sorry(status, phrases.sentence(why))
        return self._framed(asked, view, Guest("", Role.NOTHING), more, why)

    # Pages.

    async def _page(self, asked: Asked, path: Sequence[str], query: Query, guest: Guest) -> Reply:
        view = await self._pages.view(path, query, guest, _hostOf(asked))
        return self._framed(asked, view, guest)

    def _framed(
        self,
        asked: Asked,
        view: View,
        guest: Guest,
        heads: Mapping[str, str] | None = None,
        why: str = "",
    ) -> Reply:
        session, isNew = self._tokens.session(asked.cookies.get(forms.COOKIE))
        more = dict(heads or {})
        if isNew:
            secure = "; Secure" if asked.secure else ""
            more["Set-Cookie"] = (
                f"{forms.COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict{secure}"
            )
        token, now = self._tokens.token(session), self._wallClock()
        content = frame.page(view, guest, asked.here, token, now)
        kind = "text/html; charset=utf-8"
        return Reply(view.status, content, kind, _PAGES, more, why=why)

    def _events(self, query: Query, guest: Guest, asked: Asked) -> Reply:
        of = query.get("of", ["/"])[0]
        path, _, rest = of.partition("?")
        try:
            segments = [unquote(each, errors="strict") for each in path.split("/")[1:]]
            fields = _fields(rest.encode("ascii"))
        except ValueError:
            return self._refused(asked, 400, "the address cannot be read")
        if guest.role < needed("GET", segments):
            return self._refused(asked, 403, f"{guest.name} may not see that")
        heads = {"X-Accel-Buffering": "no"}
        live = segments, fields, guest, _hostOf(asked)
        return Reply(200, b"", "text/event-stream", BARE, heads, live)

    async def _form(self, asked: Asked, path: Sequence[str], guest: Guest) -> Reply:
        try:
            form = _fields(asked.body)
        except ValueError:
            return self._refused(asked, 400, "the form cannot be read")
        fields = {name: values[0] for name, values in form.items()}
        if not self._tokens.fits(asked.cookies.get(forms.COOKIE), fields.get("token", "")):
            return self._refused(asked, 403, forms.OLD)
        way, body, key = forms.asked(path, fields)
        answer = await self._api.answer("POST", way, {}, body, guest.name)
        note = forms.result(path, answer.status, answer.body)
        if key:
            self._notes.add(key, note)
        heads = {"Location": forms.back(fields, key)}
        why = "" if note.done else presentable(note.text)
        return Reply(303, b"", "text/plain", heads=heads, why=why)


def _fields(text: bytes) -> dict[str, list[str]]:
    return parse_qs(text.decode("ascii"), True, errors="strict", max_num_fields=FIELDS)


def _wantsData(asked: Asked) -> bool:
    accepted = ",".join(asked.headers("Accept"))
    return "application/json" in accepted and "text/html" not in accepted


def _hostOf(asked: Asked) -> str:
    # As the browser knows it, without the port; it was looked at before.
    [host] = asked.headers("Host")
    return host if host.endswith("]") else host.rpartition(":")[0] or host
