"""
The web side for other machines: TLS and logins, with a real gateway and the real command.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.commandline import OPTIONS
from jetdirect.compose import composed
from jetdirect.words import Words, Wrong
from tests.support.certificate import selfSigned
from tests.support.gateway import IPV4, Gateway, environment

PLACE = "tls:0:interface=127.0.0.1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A gateway with TLS, and three users."""
    folder = tmp_path_factory.mktemp("login")
    certificate = selfSigned(folder)
    users = folder / "users"
    users.write_text("eve:1\nolga:2\nadam:3\n")
    words = [f"--port={IPV4}", f"--tls-certificate={certificate}", f"--web={PLACE}"]
    words += [f"--web-auth=file:{users}", "--web-see=*", "--web-operate=olga"]
    words += ["--web-administer=adam", "--printer=file:jobs"]
    gateway = Gateway(folder, *words)
    port = int(gateway.waitFor(r"^\S+ .*Site \(TLS\) starting on (\d+)")[1])
    try:
        yield port, certificate
    finally:
        gateway.stop()


pytestmark = pytest.mark.slow


def said(running: tuple[int, Path], user: str, *words: str) -> subprocess.CompletedProcess[str]:
    """What the command says to a user, whose name and password are in C{~/.netrc}."""
    port, certificate = running
    home = certificate.parent / f"home-{user}"
    home.mkdir(exist_ok=True)
    netrc = home / ".netrc"
    password = {"eve": "1", "olga": "2", "adam": "3"}.get(user, "x")
    netrc.write_text(f"machine 127.0.0.1 login {user} password {password}\n" if user else "")
    netrc.chmod(0o600)
    place = f"--gateway=https://127.0.0.1:{port}"
    return subprocess.run(
        [sys.executable, "-m", "jetdirect", place, *words],
        env={**environment(), "HOME": str(home), "SSL_CERT_FILE": str(certificate)},
        capture_output=True,
        text=True,
    )


def test_command(running: tuple[int, Path]) -> None:
    """The command has its user's name and password from C{~/.netrc}; each may what a list says."""
    found = json.loads(said(running, "eve", "--json", "ports").stdout)
    assert [each["name"] for each in found["ports"]] == ["PORT1"]
    refused = said(running, "eve", "pause", "PORT1")
    assert refused.returncode == 1 and "eve may not do that" in refused.stderr
    assert said(running, "olga", "pause", "PORT1").returncode == 0
    assert said(running, "olga", "resume", "PORT1").returncode == 0
    assert "olga may not do that" in said(running, "olga", "reload").stderr
    assert said(running, "adam", "reload").returncode == 0
    for user in ("", "mallory"):
        nobody = said(running, user, "ports")
        assert nobody.returncode == 1 and "write it into ~/.netrc" in nobody.stderr


def test_browser(running: tuple[int, Path]) -> None:
    """A browser is asked for a name; its cookie goes through TLS only."""
    port, certificate = running
    trust = ssl.create_default_context(cafile=str(certificate))
    trust.set_alpn_protocols(["h2", "http/1.1"])
    with pytest.raises(HTTPError) as refused:
        urlopen(f"https://127.0.0.1:{port}/", context=trust)
    assert refused.value.code == 401
    asked = Request(f"https://127.0.0.1:{port}/", headers={"Authorization": "Basic ZXZlOjE="})
    with urlopen(asked, context=trust) as answer:
        assert answer.headers["Set-Cookie"].endswith("SameSite=Strict; Secure")
        assert b"PORT1" in answer.read()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"web": "tcp:8631"}, "not a loopback address, and everybody who connects"),
        ({"web": "tls:8631"}, "there is no certificate"),
        ({"web": "tcp:8631", "web-auth": "memory:a:b"}, "passwords would cross the network"),
        ({"web": "8631", "web-see": "anna"}, "means nothing without --web-auth"),
        ({"web": "8631", "web-auth": "file:/nowhere"}, "No such file"),
        ({"web": "8631", "web-host": ","}, "give names, with a comma between them"),
    ],
)
def test_refused(words: dict[str, str], why: str) -> None:
    """Where strangers could steer the gateway it does not start; one sentence says what to do."""
    reactor: Any = MemoryReactorClock()
    made = Words(reactor)
    known = {each.name: each for each in OPTIONS}
    with pytest.raises(ValueError, match=why) as refused:
        for name, value in words.items():
            made.take(known[name], value, f"--{name}={value}")
        composed(made)
    if isinstance(refused.value, Wrong):
        assert all(each.startswith("--web") for each in refused.value.sentences)
