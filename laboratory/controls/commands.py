"""
Probes of the control connection: where a server connects to, and what it makes of odd lines.
"""

from __future__ import annotations

import contextlib
import select
import socket

from laboratory.controls.server import Server, until
from laboratory.controls.talk import CLOSED, SILENCE, Talk, pour, short
from laboratory.controls.transfers import GROWTH, MIB
from laboratory.controls.verdict import Verdict, unique

#: A third host: neither client nor server.
THIRD_HOST = "127.0.0.77"

_OWN_HOST = "127.0.0.1"
_FORGED = "230 injected"

#: SGR 31: makes a terminal red.
_ESCAPE = "\x1b[31m"


class Ear:
    """A port that hears whether anybody connects."""

    def __init__(self, host: str, port: int = 0) -> None:
        self._socket = socket.socket()
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self._socket.listen()
        self.port: int = self._socket.getsockname()[1]
        self.address = ",".join([*host.split("."), str(self.port >> 8), str(self.port & 255)])

    def hears(self, seconds: float) -> bool:
        """Does anybody connect within so many seconds?"""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def accepted(self, seconds: float) -> socket.socket:
        """The connection that comes within so many seconds."""
        self._socket.settimeout(seconds)
        wire, _ = self._socket.accept()
        wire.settimeout(seconds)
        return wire

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


def _dialled(server: Server, command: str, ear: Ear) -> Verdict:
    with contextlib.closing(ear), server.session() as talk:
        said = talk.ask(command)
        heard = ear.hears(0.2)
        if said.startswith("2") and not heard:
            talk.putcmd(f"STOR {unique()[0]}")
            heard = ear.hears(2)
    tail = "connected" if heard else "no connection"
    return Verdict(not heard and not said.startswith("2"), f"{short(said)}; {tail}")


def thirdHost(server: Server) -> Verdict:
    """PORT names a host that is not the client."""
    ear = Ear(THIRD_HOST)
    return _dialled(server, f"PORT {ear.address}", ear)


def hostName(server: Server) -> Verdict:
    """EPRT names a host by a name, which somebody would have to look up."""
    ear = Ear(_OWN_HOST)
    return _dialled(server, f"EPRT |1|localhost|{ear.port}|", ear)


def privilegedPort(server: Server) -> Verdict:
    """PORT names a port below 1024 of the client's own host."""
    for port in range(1023, 900, -1):
        try:
            ear = Ear(_OWN_HOST, port)
        except PermissionError:  # then the reply has to tell
            break
        except OSError:
            continue
        return _dialled(server, f"PORT {ear.address}", ear)
    with server.session() as talk:
        said = talk.ask("PORT 127,0,0,1,3,255")
    # 425: it tried, and nobody listened.
    return Verdict(not said.startswith(("2", "425")), short(said))


def dialsEarly(server: Server) -> Verdict:
    """PORT names a good address, and no transfer is asked for."""
    ear = Ear(_OWN_HOST)
    with contextlib.closing(ear), server.session() as talk:
        said = talk.ask(f"PORT {ear.address}")
        heard = ear.hears(1)
    return Verdict(not heard, f"{short(said)}; {'' if heard else 'not '}connected before STOR")


def forgedReply(server: Server) -> Verdict:
    """USER carries a line feed, the text of a reply and a terminal's escape."""
    with Talk(server.port, login=False) as talk:
        heard, _ = talk.raw(f"USER a\n{_FORGED}\n{_ESCAPE}\r\n".encode())
    lines = heard.decode("latin-1").split("\n")
    raw = any(each < 32 and each not in b"\r\n\t" for each in heard)
    forged = any(line.startswith(_FORGED) for line in lines)
    return Verdict(not raw and not forged, "echoed as it came" if raw or forged else "not echoed")


def forgedLog(server: Server) -> Verdict:
    """USER and STOR carry line feeds, text and a terminal's escape, and the log is read."""
    name, first = unique()
    evil = f"{name[:16]}\x07{_ESCAPE}.prn"
    with Talk(server.port, login=False) as talk:
        talk.raw(f"USER a\n{_FORGED}\n{_ESCAPE}\r\nPASS b\r\n".encode(), 1)
    with server.session() as talk:
        at = talk.makepasv()
        talk.putcmd(f"STOR {evil}")
        with contextlib.suppress(OSError), socket.create_connection(at, 5) as wire:
            wire.sendall(first)
        while talk.within(2).startswith("1"):
            pass
    shown = until(lambda: name[:16] in server.log, 1)
    lines = server.log.split("\n")
    raw = any(control in line for line in lines for control in "\x1b\x07")
    forged = any(line.startswith(_FORGED) for line in lines)
    named = "the name is logged" if shown else "the name is not logged"
    return Verdict(not raw and not forged, f"{named}, {'raw' if raw or forged else 'no raw byte'}")


def _foreign(server: Server, opening: bytes) -> tuple[bool, str]:
    login = f"USER {server.user}\r\nPASS {server.password}\r\n".encode()
    with Talk(server.port, login=False) as talk:
        heard, closed = talk.raw(opening + login)
    codes = [line[:3].decode("latin-1") for line in heard.splitlines() if line[3:4] == b" "]
    codes = [code for code in codes if code.isdecimal()]
    end = "closed" if closed else "stays open"
    return closed and "230" not in codes, f"{' '.join(codes) or 'nothing'}, {end}"


def httpTalk(server: Server) -> Verdict:
    """A browser posts a form that holds FTP commands."""
    opening = b"POST / HTTP/1.1\r\nHost: printer\r\nContent-Length: 99\r\n\r\n"
    return Verdict(*_foreign(server, opening))


def otherTalk(server: Server) -> Verdict:
    """The same behind the first words of TLS, SSH and SMTP."""
    openings = {
        "TLS": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n",
        "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
        "SMTP": b"EHLO printer.example\r\n",
    }
    found = {name: _foreign(server, opening) for name, opening in openings.items()}
    safe = all(each for each, _ in found.values())
    return Verdict(safe, "; ".join(f"{name}: {seen}" for name, (_, seen) in found.items()))


def longLine(server: Server) -> Verdict:
    """A line of 20,000 bytes, then SYST."""
    with server.session() as talk:
        assert talk.sock is not None
        talk.sock.sendall(b"NOOP " + b"A" * 20_000 + b"\r\nSYST\r\n")
        said = [talk.within(10)]
        if said[0] not in (SILENCE, CLOSED):
            said.append(talk.within(10))
    # Two replies to the line itself: the end of it was taken for another command.
    refused = said[0].startswith("50") and said[-1].startswith("215")
    return Verdict(refused or said[-1] == CLOSED, ", ".join(short(each) for each in said))


def endlessLine(server: Server, size: int = 16 * MIB) -> Verdict:
    """A line without an end."""
    with server.session() as talk:
        before = server.memory()
        assert talk.sock is not None
        sent = pour(talk.sock, size)
        grown = server.memory() - before
    ended = f"{sent / MIB:.0f} of {size / MIB:.0f} MiB taken"
    return Verdict(grown < GROWTH, f"{ended}, {grown / MIB:+.0f} MiB")
