"""
Who is let in, and what that one may do.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse

from jetdirect.web.access import Access
from tests.support.webgateway import WebGateway

CHECKER = InMemoryUsernamePasswordDatabaseDontUse(eve=b"1", olga=b"2", adam=b"3", nobody=b"4")
JSON: dict[str, Any] = {"accept": "*/*", "content_type": "application/json"}


def basic(user: str, password: str) -> dict[str, Any]:
    """What a browser sends."""
    return {"authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def guarded(**access: object) -> WebGateway:
    """A web whose guests have to say who they are."""
    return WebGateway(Access([CHECKER], **access))  # type: ignore[arg-type]


def test_anonymous() -> None:
    """Without a name nobody sees anything but that it lives; a browser is asked for one."""
    web = guarded()
    for address in ("/", "/jobs", "/api/ports", "/metrics", "/events?of=/", "/static/style.css"):
        reply = web.ask("GET", address)
        assert reply.status == 401 and reply.heads["WWW-Authenticate"].startswith("Basic realm=")
        assert b"PORT1" not in reply.content
    for address in ("/healthz", "/readyz"):
        assert web.ask("GET", address).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic " + b64encode(b"adam:wrong").decode(),
        "Basic " + b64encode(b"who:3").decode(),
        "Basic " + b64encode(b"adam").decode(),
        "Basic ####",
        "Bearer abc",
        "Basic",
        " ",
    ],
)
def test_wrongPassword(authorization: str) -> None:
    """A wrong one costs a second, and lets nobody in."""
    web = guarded()
    assert web.ask("GET", "/api/ports", authorization=authorization).status == 401
    assert web.ask("GET", "/api/ports", **basic("adam", "3")).status == 200


def test_noLists() -> None:
    """Without lists whoever is let in administers."""
    web = guarded()
    assert web.ask("GET", "/config", **basic("eve", "1")).status == 200


def test_roles() -> None:
    """Who may see does not change, and who operates neither reloads nor reads the log."""
    web = guarded(see=["eve"], operate=["olga"], administer=["adam"])
    asked: list[tuple[str, str, bytes, dict[str, Any], str]] = [
        ("GET", "/", b"", {}, "eve"),
        ("GET", "/jobs", b"", {}, "eve"),
        ("GET", "/api/jobs", b"", {}, "eve"),
        ("POST", "/api/ports/PORT1/pause", b"", JSON, "olga"),
        ("POST", "/api/ports/PORT1/resume", b"", JSON, "olga"),
        ("GET", "/config", b"", {}, "adam"),
        ("GET", "/api/config", b"", {}, "adam"),
        ("GET", "/log", b"", {}, "adam"),
        ("GET", "/events?of=/log", b"", {}, "adam"),
        ("POST", "/api/reload", b"", JSON, "adam"),
        ("POST", "/api/jobs/erase", b'{"before": "1970-01-01"}', JSON, "adam"),
    ]
    order = ["eve", "olga", "adam"]
    for method, address, body, heads, least in asked:
        for place, who in enumerate(order):
            reply = web.ask(method, address, body, **heads, **basic(who, str(place + 1)))
            allowed = order.index(who) >= order.index(least)
            assert (reply.status < 400) is allowed, (who, address, reply.content[:200])
            assert allowed or reply.status == 403
        assert web.ask(method, address, body, **heads, **basic("nobody", "4")).status == 403


def test_rolesOnPages() -> None:
    """What somebody may not do is not offered, and a form that says so all the same is refused."""
    web = guarded(see=["*"], operate=["olga"])
    assert "formaction" not in web.page("/", **basic("eve", "1"))
    assert "formaction" in web.page("/", **basic("olga", "2"))
    assert "/config" not in web.page("/", **basic("olga", "2"))
    reply = web.ask("POST", "/ports/PORT1/pause", b"", **basic("eve", "1"))
    assert reply.status == 403
    assert web.machine.gateway.operator.ports()[0].reasons == ()


def test_whoDidIt() -> None:
    """Who has proved a name is recorded by it."""
    web = guarded()
    web.machine.printer.silent = True
    web.machine.upload(b"x", "a.ps")
    web.machine.advance(1)
    reply = web.ask("POST", "/api/jobs/1/hold", **JSON, **basic("olga", "2"))
    assert json.loads(reply.content)["reason"] == "held by olga" and reply.by == "olga"


def test_unixSocket() -> None:
    """Whoever may use the socket administers, and has no name to prove."""
    web = guarded(see=["eve"])
    assert web.ask("GET", "/config", isUnix=True).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8631", 200),
        ("127.0.0.1", 200),
        ("[::1]:8631", 200),
        ("print.example:8631", 200),
        ("PRINT.example", 200),
        ("evil.example", 403),
        ("print.example.evil.example", 403),
        ("192.0.2.1", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ],
)
def test_host(host: str, status: int) -> None:
    """The gateway is asked by its own names only: another's name may lead here (rebinding)."""
    web = WebGateway(Access(hosts=["print.example"]))
    assert web.ask("GET", "/", host=host).status == status


def test_origins() -> None:
    """Behind a proxy that ends TLS the page's origin is https."""
    web = WebGateway(Access(hosts=["print.example"], behindProxy=True))
    heads: dict[str, Any] = {"host": "print.example", "origin": "https://print.example"}
    assert web.ask("POST", "/api/ports/PORT1/pause", **JSON, **heads).status == 200
    assert WebGateway().ask("POST", "/", host="localhost", origin="https://localhost").status == 403


@pytest.mark.parametrize("heads", [{"sec_fetch_site": "cross-site"}, {"origin": "http://evil"}])
def test_otherSites(heads: dict[str, Any]) -> None:
    """What a page of another site sends is refused, whatever it knows."""
    web = WebGateway()
    said = urlencode({"token": web.token()}).encode()
    assert web.ask("POST", "/ports/PORT1/pause", said, **heads).status == 403
    assert web.ask("GET", "/", **heads).status == 403
    assert web.machine.gateway.operator.ports()[0].reasons == ()


def test_token() -> None:
    """A form without the token of the same browser changes nothing."""
    web = WebGateway()
    token = web.token()
    other = WebGateway()
    for fields in ({}, {"token": ""}, {"token": "0" * 64}, {"token": other.token()}):
        said = urlencode(fields).encode()
        reply = web.ask("POST", "/ports/PORT1/pause", said)
        assert reply.status == 403 and b"too old" in reply.content
    cookie, web.cookie = web.cookie, ""
    said = urlencode({"token": token}).encode()
    assert web.ask("POST", "/ports/PORT1/pause", said).status == 403
    web.cookie = "x" * 5000
    assert web.ask("POST", "/ports/PORT1/pause", said).status == 403
    assert web.machine.gateway.operator.ports()[0].reasons == ()
    web.cookie = cookie
    assert web.ask("POST", "/ports/PORT1/pause", said).status == 303


def test_cookie() -> None:
    """It is for this site alone, and no script can read it."""
    reply = WebGateway().ask("GET", "/")
    assert reply.heads["Set-Cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")


def test_noGETChanges() -> None:
    """No address does anything by being looked at."""
    web = WebGateway()
    web.machine.printer.silent = True
    web.machine.upload(b"x", "a.ps")
    web.machine.advance(1)
    for address in ("/jobs/1/cancel", "/ports/PORT1/pause", "/config/reload"):
        for prefix in ("", "/api"):
            assert web.ask("GET", f"{prefix}{address}").status in (404, 405)
    assert web.api("/api/jobs/1")["state"] == "pending"


def test_policy() -> None:
    """A browser loads nothing from elsewhere, and shows the page in no other one."""
    policy = WebGateway().ask("GET", "/").policy
    assert policy.startswith("default-src 'none';") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\xff\xfe", 400), (b"&".join(b"a=%d" % n for n in range(200)), 400), (b"%ff=1", 400)],
)
def test_badForm(body: bytes, status: int) -> None:
    """A form that cannot be read is refused."""
    assert WebGateway().ask("POST", "/ports/PORT1/pause", body).status == status


@pytest.mark.parametrize("address", ["/%ff", "/jobs?q=%ff", "/events?of=/%ff", "/api/%ff"])
def test_badAddress(address: str) -> None:
    """An address that cannot be read is refused."""
    assert WebGateway().ask("GET", address).status == 400


def test_sameAddress() -> None:
    """A program that asks for JSON at the address of a page is told what the API tells."""
    web = WebGateway()
    web.machine.upload(b"1")
    web.machine.advance(60)
    for page, way in {
        "/": "/api/ports",
        "/ports/PORT1": "/api/ports/PORT1",
        "/jobs?state=aborted": "/api/jobs?state=aborted",
        "/jobs/1": "/api/jobs/1",
        "/config": "/api/config",
    }.items():
        reply = web.ask("GET", page, accept="application/json")
        assert (reply.status, reply.kind) == (200, "application/json")
        assert json.loads(reply.content) == web.api(way)
    assert web.ask("GET", "/ports/none", accept="application/json").status == 404
    assert web.ask("GET", "/", accept="text/html, application/json").kind.startswith("text/html")
    assert web.ask("GET", "/", accept="*/*").kind.startswith("text/html")
