"""
Who is let in over HTTP: nobody whom a page of another site has sent.
"""

from __future__ import annotations

import pytest

from jetdirect.web.admission import whyNot

JSON = {"Content-Type": ["application/json"]}


def asked(changes: bool, host: str = "localhost:8631", **more: str) -> str:
    """The sentence for these header fields."""
    fields = {"Host": [host], **{name.replace("_", "-"): [value] for name, value in more.items()}}
    return whyNot(lambda name: fields.get(name, []), changes)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:8631", "127.9.9.9", "[::1]:8631", "[::1]"]
)
def test_here(host: str) -> None:
    """This machine has these names, through whatever port."""
    assert asked(False, host) == ""
    assert asked(True, host, Content_Type="application/json; charset=utf-8") == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8631",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:192.0.2.1]",
        "localhost:8631:1",
        "ann@localhost",
        "localhost/",
        "::1",
    ],
)
def test_rebinding(host: str) -> None:
    """A name that leads here and is not ours is another site's."""
    assert "this host name is not known here" in asked(False, host)


def test_noHost() -> None:
    """None, or two of them: nobody knows who is meant."""
    assert whyNot(lambda name: [], False)
    assert whyNot(lambda name: ["localhost"] * 2 if name == "Host" else [], False)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "else"])
@pytest.mark.parametrize("changes", [False, True])
def test_otherSite(site: str, changes: bool) -> None:
    """A browser says that another site's page asks; one on another port of this host is such."""
    refused = asked(changes, Sec_Fetch_Site=site, Content_Type="application/json")
    assert "a page of another site" in refused


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_ownSite(site: str) -> None:
    """Our own page, or what somebody typed."""
    own = "http://localhost:8631"
    assert asked(True, Sec_Fetch_Site=site, Origin=own, Content_Type="application/json") == ""


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "http://localhost:3000", "https://localhost:8631", ""],
)
def test_otherOrigin(origin: str) -> None:
    """An older browser says at least where a change came from."""
    refused = asked(True, Origin=origin, Content_Type="application/json")
    assert "a page of another origin" in refused


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_form(kind: str) -> None:
    """What a form can send without asking changes nothing."""
    assert "Content-Type: application/json" in asked(True, Content_Type=kind)
    assert "Content-Type: application/json" in asked(True)
    assert asked(False, Content_Type=kind) == ""
