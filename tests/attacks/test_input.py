"""
Input that no client sends: too much of it (A6), control characters and Telnet (A7), the first words
of other protocols (A11).
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory.attacks import overflow
from laboratory.attacks.theft import dial, passive, received
from laboratory.attacks.victim import HOSTILE, OWNER, Victim
from laboratory.attacks.wire import Wire, assertReplies

SMUGGLED = b"USER x\r\nPASS y\r\nEPSV\r\nSTOR page\r\nMAIL FROM:<a@b>\r\n"
IAC, IP, DM, DO, WILL = b"\xff", b"\xf4", b"\xf2", b"\xfd", b"\xfb"

STRANGE = [
    b"a\n230 injected\n\x1b[31m",
    b"a\r230 injected\r",
    b"a\r\r\n230 injected",
    b"\0",
    b"a\0b\r\0\n",
    b"\x1b]0;owned\x07\x1b[2J",
    b"\x9b31m\x85\x8d\x90",
    b"\xff",
    b"\xff\xff",
    IAC + IP + IAC + DM,
    IAC + DO + IAC,
    IAC + WILL,
    b"\xf0\xf1\xf8",
    b"\xc3\x28\xed\xa0\x80\xf5\x80\x80\x80",
    "\u202eslp.exe\u2066\u200b\u2028230 x\u2029\ufeff".encode(),
    "\U000e0041\ud7ff\x85".encode(),
    b"%s%n%x{0}{log_format}{__class__}",
    b"..\\..\\{port}/{name!r}/%d",
    b"\x7f\x08\x08\x08\x0b\x0c",
    b" ",
    b"\t",
]


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """One gateway for all of A7 and A11; it works at the end."""
    with Victim(tmp_path_factory.mktemp("victim"), "--max-sessions=10") as one:
        yield one
        one.works()


# A6


def test_longArguments(tmp_path: Path) -> None:
    """A6: every command with arguments of every length."""
    figures = overflow.arguments(tmp_path, len(overflow.LENGTHS))
    assert figures["commands"] == 2 * len(overflow.LENGTHS) * (
        len(overflow.VERBS) + len(overflow.NO_VERBS)
    )


def test_endlessLine(tmp_path: Path) -> None:
    """A6: a line without an end takes no memory."""
    assert overflow.endlessLine(tmp_path, 32)["MiB"] == 32


def test_unwantedData(tmp_path: Path) -> None:
    """A6: data without an upload stays in the kernel, and the kernel takes only so much."""
    figures = overflow.unwantedData(tmp_path, 64)
    assert float(str(figures["MiB in the kernel's buffers"])) < 64


def test_unreadReplies(tmp_path: Path) -> None:
    """A6: replies that nobody reads are not made."""
    overflow.unreadReplies(tmp_path, 2)


# A7


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize("argument", STRANGE)
def test_strangeBytes(argument: bytes, login: bool, victim: Victim) -> None:
    """A7: what is said back is whole, printable lines of replies, and none of them is forged."""
    # Ports would make the uploads wait; the others end a session or a login, and what is said
    # behind a bare LF may, too.
    last = ("EPSV", "PASV", "EPRT", "PORT", "REIN", "USER", "PASS", "QUIT")
    verbs = [verb for verb in overflow.VERBS if verb not in last] + [*last]
    groups = [[verb] for verb in verbs] if b"\n" in argument else [verbs]
    for group in groups:
        with Wire(victim.port, HOSTILE, login=login) as wire:
            wire.send(b"".join(b"%s %s\r\n" % (verb.encode(), argument) for verb in group))
            wire.send(b"QUIT\r\n")
            heard = wire.rest()
        assertReplies(heard)
        assert heard.count(b"\r\n") >= len(group), heard
        lines = heard.split(b"\r\n")
        assert not [line for line in lines if line.startswith(b"230 ") and b"inj" in line], heard


@pytest.mark.parametrize("name", STRANGE)
def test_strangeNames(name: bytes, victim: Victim) -> None:
    """A7: the name of a job, in the replies to it and in the listing after it."""
    with Wire(victim.port, HOSTILE, login=True) as wire:
        with dial(passive(wire), HOSTILE) as data:
            wire.send(b"STOR " + name.split(b"\n")[0] + b"\r\n")
            heard = wire.reply()
            data.sendall(b"page")
        heard += wire.reply() if heard[:3] == b"150" else b""
        with dial(passive(wire), HOSTILE) as data:
            heard += wire.say("LIST PORT1") + wire.reply()
            listing = received(data)
    assertReplies(heard)
    assert all(line.isprintable() for line in listing.decode().split("\r\n")), listing


@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("cut", range(1, 8))
def test_abortInPieces(cut: int, urgent: bool, victim: Victim) -> None:
    """A7: Telnet's Synch before ABOR, in any two segments, its last byte urgent or not."""
    before = len(victim.printer.callers)
    with Wire(victim.port, HOSTILE, login=True) as wire, dial(passive(wire), HOSTILE) as data:
        assert wire.say("STOR page")[:3] == b"150"
        data.sendall(b"%!PS\n")
        victim.printer.waitForBytes(before + 1, 5)
        whole = IAC + IP + IAC + DM + b"ABOR\r\n"
        wire.send(whole[:cut] if not urgent else IAC + IP + IAC)
        if urgent:
            wire.socket.send(DM, socket.MSG_OOB)
            wire.send(b"ABOR\r\n"[: cut - 1])
            wire.send(b"ABOR\r\n"[cut - 1 :])
        else:
            wire.send(whole[cut:])
        assert wire.reply()[:3] == b"426"
        assert wire.reply()[:3] == b"226"


@pytest.mark.parametrize("cut", range(1, 6))
def test_telnetInTheMiddle(cut: int, victim: Victim) -> None:
    """A7: a Telnet command is no part of a word, in whatever segments it comes."""
    with Wire(victim.port, HOSTILE) as wire:
        whole = b"NO" + IAC + DO + b"\x06" + b"OP\r\n"
        wire.send(whole[:cut])
        assert not select.select([wire.socket], [], [], 0.02)[0]
        wire.send(whole[cut:])
        assert wire.reply()[:3] == b"200"


# A11


def clientHello() -> bytes:
    """How a TLS client begins."""
    sent = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    hello = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="printer.example")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    return sent.read()


@pytest.mark.parametrize(
    "first",
    [
        b"POST / HTTP/1.1\r\nHost: printer:21\r\n\r\n",
        b"GET /USER%20x HTTP/1.0\r\n\r\n",
        b"PUT /page.ps HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"EHLO <script>alert(1)</script>\r\n",
        b"HELO a\r\nMAIL FROM:<a@b>\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\r\nGET / HTTP/1.1\r\n",
        b"\x1b%-12345X@PJL INFO STATUS\r\n",
        b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00",
        pytest.param(clientHello(), id="TLS ClientHello"),
    ],
)
def test_otherProtocols(first: bytes, victim: Victim) -> None:
    """A11: one refusal that says nothing back, and the end; what was smuggled in is not obeyed."""
    jobs = len(victim.printer.callers)
    with Wire(victim.port, HOSTILE) as wire:
        wire.send(first + SMUGGLED)
        assert wire.rest() == b"500 This is an FTP server\r\n"
    assert len(victim.printer.callers) == jobs


def test_unknownProtocol(victim: Victim) -> None:
    """A11: three words that are no commands are enough, and none of them is said back."""
    with Wire(victim.port, HOSTILE) as wire:
        wire.send(b"Host: a\r\nX-Alpaca: <b>\r\nCookie: c\r\n" + SMUGGLED)
        assert wire.rest() == b"500 Command not understood\r\n" * 2 + (
            b"500 This is an FTP server\r\n"
        )


def test_protocolBehindLogin(victim: Victim) -> None:
    """A11: nor is HTTP heard from who has logged in, though a job in between is finished."""
    with Wire(victim.port, OWNER, login=True) as wire:
        with dial(passive(wire)) as data:
            assert wire.say("STOR page")[:3] == b"150"
            wire.send(b"GET / HTTP/1.1\r\n" + SMUGGLED)
            data.sendall(b"page")
        assert wire.reply()[:3] == b"226"
        assert wire.rest() == b"500 This is an FTP server\r\n"
