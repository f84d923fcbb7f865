"""
Getting in, and getting at things (A12 to A15).  TLS itself is in C{tests/test_security.py} and
C{tests/test_certificate.py}, guessing of passwords in C{tests/clients/test_network.py}.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="TLS is missing: pip install 'jetdirect[tls]'")

from laboratory.attacks import injection
from laboratory.attacks.overflow import VERBS
from laboratory.attacks.theft import dial, passive, received
from laboratory.attacks.victim import HONEST, HOSTILE, Victim
from laboratory.attacks.wire import Wire
from tests.support.certificate import selfSigned
from tests.support.peer import PATIENCE

#: What anybody may ask before a login; all else is 503 or 530, and AUTH begins TLS.
HARMLESS = {
    "ABOR": b"226",
    "ACCT": b"202",
    "CLNT": b"200",
    "FEAT": b"211",
    "HELP": b"214",
    "NOOP": b"200",
    "OPTS": b"200",
    "QUIT": b"221",
    "REIN": b"220",
    "STAT": b"211",
    "SYST": b"215",
}


# A12


def test_injection(tmp_path: Path) -> None:
    """A12: what comes in clear behind AUTH TLS is never obeyed, however much it is."""
    figures = injection.injections(tmp_path, 1400, step=47)
    assert figures["obeyed"] == 0
    assert figures["sessions that went on under TLS, knowing nothing of it"]


# A13


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Nothing without TLS."""
    place = tmp_path_factory.mktemp("strict")
    with Victim(place, "--require-tls", f"--tls-certificate={selfSigned(place)}") as one:
        yield one


@pytest.mark.parametrize("before", [(), ("USER a",), ("USER a", "PASS b"), ("PBSZ 0", "PROT C")])
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "AUTH"])
def test_inClear(verb: str, before: tuple[str, ...], strict: Victim) -> None:
    """A13: with --require-tls no command in clear does anything but tell what everybody knows."""
    with Wire(strict.port, HOSTILE) as wire:
        for line in before:
            assert wire.say(line)[:3] in (b"503", b"530")
        reply = wire.say(f"{verb} UTF8 ON" if verb == "OPTS" else f"{verb} 0")
        assert reply[:3] in (HARMLESS.get(verb, b"530"), b"503"), reply
        if verb != "QUIT":
            assert b"Not logged in" in wire.say("STAT")


# A14


def test_unknownUser(tmp_path: Path) -> None:
    """A14: a wrong name and a wrong password get the same answer, after the same time."""
    options = ("--auth=memory:alice:correct", "--max-sessions=50")
    with Victim(tmp_path, *options) as victim:
        wires = {name: Wire(victim.port, HOSTILE) for name in ("alice", "mallory")}
        known, unknown = (wire.say(f"USER {name}") for name, wire in wires.items())
        assert known == unknown
        began, took = {}, {}
        for wire in wires.values():
            began[wire.socket] = time.monotonic()
            wire.send(b"PASS wrong\r\n")
        while waiting := [each for each in began if each not in took]:
            ready, _, _ = select.select(waiting, [], [], PATIENCE)
            assert ready
            took.update({each: time.monotonic() - began[each] for each in ready})
        for wire in wires.values():
            assert wire.reply() == b"530 Login incorrect\r\n"
            wire.socket.close()
        first, last = sorted(took.values())
        assert first >= 1 and last - first < 0.5, took


# A15


@pytest.fixture(scope="module")
def open_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A gateway for anybody."""
    with Victim(tmp_path_factory.mktemp("open"), "--max-sessions=10") as one:
        yield one


def listing(wire: Wire, line: str) -> bytes:
    """What comes over the data connection, and all replies."""
    with dial(passive(wire), HOSTILE) as data:
        heard = wire.say(line)
        if heard[:3] != b"150":
            return heard
        heard += received(data)
    return heard + wire.reply()


def test_nothingOfOthers(open_: Victim) -> None:
    """A15: nobody gets at the bytes of a job, and nobody else at its name once it is printed."""
    names = ("secret-plan.ps", "/PORT1/secret-plan.ps")
    with Wire(open_.port, HONEST, login=True) as wire:
        with dial(passive(wire), HONEST) as data:
            assert wire.say("STOR secret-plan.ps")[:3] == b"150"
            data.sendall(b"top secret")
        assert wire.reply()[:3] == b"226"
        for name in (*names, "PORT1", "/", "../../etc/passwd", "print-jobs"):
            assert wire.say(f"RETR {name}")[:3] == b"550"
        with Wire(open_.port, HOSTILE, login=True) as other:
            for name in names:
                for verb in ("RETR", "SIZE", "MDTM", "MLST", "DELE", "RNFR", "RMD"):
                    assert other.say(f"{verb} {name}")[:3] == b"550", verb
                for line in (f"MFMT 20260101000000 {name}", f"SITE CHMOD 777 {name}"):
                    assert other.say(line)[:3] == b"550", line
            heard = other.say("STAT") + other.say("STAT PORT1")
            for where in ("", " /", " PORT1", " -la /PORT1", " *", " {*,*}"):
                for verb in ("LIST", "NLST", "MLSD"):
                    heard += listing(other, verb + where)
            assert b"PORT1" in heard and b"secret" not in heard, heard


@pytest.mark.parametrize(
    "verb", ["SMNT", "MDTM", "XCRC", "XMD5", "XSHA256", "HASH", "CPFR", "EXEC"]
)
def test_noOtherVerbs(verb: str, open_: Victim) -> None:
    """A15: verbs by which other servers told too much are not there, or tell nothing."""
    with Wire(open_.port, HOSTILE, login=True) as wire:
        assert wire.say(f"{verb} /etc/passwd")[:3] in (b"500", b"502", b"550")
        for line in ("SITE EXEC id", "SITE CPFR /etc/passwd", "SITE CPTO /x", "SITE CHMOD 777 /"):
            assert wire.say(line)[:3] in (b"200", b"202", b"550"), line
        assert wire.say("RETR /x")[:3] == b"550"


def test_notAllowed(tmp_path: Path) -> None:
    """A15: with --allow others are refused before the greeting, and the banner, say anything."""
    with Victim(tmp_path, f"--allow={HONEST}/32") as victim:
        with Wire(victim.port, HOSTILE) as wire:
            assert wire.greeting == b"421 Service not available to your address\r\n"
            wire.send(b"USER a\r\nPASS b\r\n")
            assert wire.rest() == b""
        victim.works(source=HONEST)
