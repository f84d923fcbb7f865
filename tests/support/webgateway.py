"""
A gateway in memory, and a browser or a program that asks its web side, without wires.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from twisted.internet.defer import Deferred, fail, succeed

from jetdirect.testing import FakePrinter
from jetdirect.web.access import Access
from jetdirect.web.reply import Asked, Reply
from jetdirect.web.side import WebSide
from tests.support.machine import Machine


class WebGateway:
    """
    Two printers that keep jobs, and what is asked about them.

    @ivar machine: the machine.
    @ivar access: who may ask.
    @ivar cookie: what the browser keeps.
    """

    def __init__(self, access: Access | None = None, **settings: Any) -> None:
        self.machine = Machine([FakePrinter("Ward 3"), FakePrinter("Lab")], **settings)
        for port in self.machine.server.ports:
            port._wallClock = lambda: self.machine.now
        self.access = access or Access()
        self.cookie = ""
        self.said: dict[str, Any] = {"options": [], "file": None, "reloads": True}
        self.reloads: list[Any] = []
        self.lines: list[tuple[int, str, str]] = []
        self.side = WebSide(
            self.machine.gateway.operator,
            self.machine.server,
            self.machine.reactor,
            ready=lambda: "",
            reload=self._reload,
            metrics=None,
            access=lambda: self.access,
            settings=lambda: self.said,
            settingsOf=lambda name: [],
            listener=lambda: 2121,
            lines=lambda: self.lines,
            wallClock=lambda: self.machine.now,
        )
        self.router = self.side._router

    def _reload(self) -> Deferred[list[str]]:
        return fail(self.reloads.pop()) if self.reloads else succeed(["nothing"])

    def ask(
        self, method: str, address: str, body: bytes = b"", isUnix: bool = False, **heads: Any
    ) -> Reply:
        """One request; heads are written with underscores."""
        path, _, query = address.partition("?")
        said = {"host": "localhost:8631", "accept": "text/html"}
        said |= {name.replace("_", "-").lower(): value for name, value in heads.items()}

        def headers(name: str) -> list[str]:
            found = said.get(name.lower(), "")
            return [found] if found else []

        asked = Asked(
            method,
            [each.encode() for each in path.split("/")[1:]],
            query.encode(),
            body,
            headers,
            {"jetdirect": self.cookie} if self.cookie else {},
            "an operator at 127.0.0.1",
            isUnix,
            "" if isUnix else "127.0.0.1",
        )
        answers: list[Any] = []
        Deferred.fromCoroutine(self.router.answer(asked)).addBoth(answers.append)
        self.machine.advance(2)
        [answer] = answers
        assert isinstance(answer, Reply), answer
        found = re.match(r"jetdirect=([^;]+)", answer.heads.get("Set-Cookie", ""))
        self.cookie = found[1] if found else self.cookie
        return answer

    def page(self, address: str, **heads: Any) -> str:
        """What a page is."""
        return self.ask("GET", address, **heads).content.decode()

    def token(self, address: str = "/") -> str:
        """What its forms bring."""
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.page(address))
        assert found is not None
        return found[1]

    def form(self, address: str, fields: Mapping[str, str] | None = None, **heads: Any) -> Reply:
        """Say yes to a question."""
        said = {"token": self.token(), "back": "/", **(fields or {})}
        return self.ask("POST", address, urlencode(said).encode(), **heads)

    def api(self, address: str, **heads: Any) -> Any:
        """What a program is told."""
        return json.loads(self.ask("GET", address, accept="*/*", **heads).content)
