"""
Where a spool is: a directory or a database, whose password nobody is shown.
"""

from __future__ import annotations

import pytest

from jetdirect.overview import overview
from jetdirect.spool.postgresql.fair import preferred
from jetdirect.spool.where import isDatabase, place, withoutPassword
from jetdirect.tap import makeService
from tests.test_tap import complaint, parsed

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("/var/spool/jetdirect", "/var/spool/jetdirect"),
        ("postgresql://db/print", "postgresql://db/print"),
        ("postgresql://anna@db/print", "postgresql://anna@db/print"),
        (f"postgresql://anna:{SECRET}@db:5432/print", "postgresql://anna@db:5432/print"),
        (f"postgres://anna:{SECRET}@a,b/print?x=y", "postgres://anna@a,b/print?x=y"),
        (f"postgresql://anna:a@{SECRET}@db/print", "postgresql://anna@db/print"),
        (
            f"postgresql://db/print?user=anna&password={SECRET}&sslmode=require",
            "postgresql://db/print?user=anna&password=...&sslmode=require",
        ),
        (f"postgresql://db/?sslpassword={SECRET}", "postgresql://db/?sslpassword=..."),
    ],
)
def test_shown(where: str, shown: str) -> None:
    """It is shown without its password."""
    assert withoutPassword(where) == shown
    assert isDatabase(where) is where.startswith("postgres")
    assert place(where) == where


@pytest.mark.parametrize(
    "text",
    [
        "postgresql:",
        f"postgresql:anna:{SECRET}@db",
        f"postgres:/{SECRET}@db",
        f"POSTGRESQL://anna:{SECRET}@db/print",
        f"postgresql+psycopg://anna:{SECRET}@db/print",
        f"http://db/print?password={SECRET}",
        f"host=db password={SECRET}",
        f"dbname=print password = {SECRET}",
        "db.example:5432",
        "file:///var/spool/jetdirect",
    ],
)
def test_nearlyADatabase(text: str) -> None:
    """No directory is made of what was perhaps meant as a database; the remedy has its form."""
    told = complaint(f"--spool={text}")
    assert told.startswith("--spool=") and SECRET not in told
    assert told.endswith(
        ": no directory of this machine; give its path, or a database as"
        " postgresql://USER@HOST/DATABASE"
    )


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        (f"postgresql://anna:{SECRET}@[::1/print", "it is no URI of a database"),
        (f"postgresql://anna:{SECRET}@db/print?color=red", "it is no URI of a database"),
    ],
)
def test_wrongURI(uri: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong one is refused without its password."""
    pytest.importorskip("psycopg")
    with pytest.raises(SystemExit) as caught:
        makeService(parsed(f"--spool={uri}"))
    assert why in str(caught.value) and SECRET not in str(caught.value)


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg it is said what to install."""
    monkeypatch.setitem(__import__("sys").modules, "jetdirect.spool.postgresql.spool", None)
    with pytest.raises(SystemExit, match=r"pip install jetdirect\[postgresql\]"):
        makeService(parsed("--spool=postgresql://db/print"))


def test_noStandby() -> None:
    """Gateways that share a database need none that stands by."""
    told = complaint("--spool=postgresql://db/print", "--standby")
    assert told == (
        "--standby: gateways that share a database take over from each other; leave it out"
    )


def test_preferred() -> None:
    """Ports are spread; when a gateway goes only its own move, and none gets what it lacks."""
    ports = [f"port{number}" for number in range(3000)]
    gateways = dict.fromkeys((1, 2, 3), ports)
    before = {port: preferred(port, gateways) for port in ports}
    shares = [list(before.values()).count(number) for number in gateways]
    assert all(900 < share < 1100 for share in shares), shares
    del gateways[2]
    after = {port: preferred(port, gateways) for port in ports}
    assert {before[port] for port in ports if before[port] != after[port]} == {2}
    assert preferred("lab", gateways) is None
    assert preferred("lab", {**gateways, 4: ["lab"]}) == 4


def test_overview() -> None:
    """Nor does the page of the configuration show it."""
    said = parsed(f"--spool=postgresql://anna:{SECRET}@db/print", "--printer=a").configuration
    assert SECRET not in str(overview(said, False, None))
    assert "postgresql://anna@db/print" in str(overview(said, False, None))
