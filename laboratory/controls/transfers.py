"""
Probes of uploads: what makes a server say "complete", and whose bytes it takes.
"""

from __future__ import annotations

import contextlib
import random
import socket

from laboratory.controls.killing import Executioner, killAll, outcome, trickled
from laboratory.controls.server import End, Server, until
from laboratory.controls.talk import CLOSED, SILENCE, pour, short
from laboratory.controls.verdict import Begun, Verdict, unique
from tests.support.caller import resetConnection

MIB = 1024 * 1024

#: Another host, as far as a server on 127.0.0.1 can tell.
OTHER_HOST = "127.0.0.9"

#: Resident bytes by which a server may grow without being said to keep what it was sent.
GROWTH = 8 * MIB


def dataReset(server: Server) -> Verdict:
    """The data connection is reset in mid-upload."""
    with server.session() as talk:
        upload = Begun(server, talk)
        resetConnection(upload.wire)
        said = talk.within(10)
    return Verdict(not said.startswith("2"), short(said))


def controlLost(server: Server) -> Verdict:
    """The control connection ends in mid-upload, and the data go on."""
    more = 1_000_000
    talk = server.session()
    upload = Begun(server, talk)
    talk.close()
    # The server has some time to see it: nobody can blame it for what was already on the way.
    until(lambda: upload.name in server.records(), 3)
    before = len(server.has(upload.first))
    with upload.wire as wire:
        pour(wire, more)
    record = server.record(upload.name, 2)
    taken = max(len(server.has(upload.first)), before) - before
    end = "no record" if record is None else f"record: {record.end}"
    believed = record is not None and record.end is End.COMPLETE
    return Verdict(not believed and taken < more, f"{taken} bytes more, {end}")


def killedSenders(server: Server, tries: int = 5) -> Verdict:
    """Clients are killed with SIGKILL in mid-upload."""
    with Executioner(server) as executioner:
        kills = list(killAll(executioner, tries, "killed", trickled, random.randrange(1 << 30)))
        mid = [kill for kill in kills if kill.truncated]
        ends = [outcome(kill, server.record(kill.name, 3)) for kill in mid]
    bad = ends.count(End.COMPLETE)
    return Verdict(not bad, f"{bad} of {len(mid)} recorded as complete")


def otherHost(server: Server) -> Verdict:
    """Another host connects to the passive port before the client does."""
    (stolen, theirs), (name, own) = unique(), unique()
    del stolen
    with server.session() as talk:
        at = talk.makepasv()
        with contextlib.suppress(OSError):
            thief = socket.create_connection(at, 5, source_address=(OTHER_HOST, 0))
            thief.sendall(theirs)
        talk.putcmd(f"STOR {name}")
        with contextlib.suppress(OSError, UnboundLocalError):
            thief.close()
        said = talk.within(2)
        if said.startswith("1"):
            said = talk.within(2)
        taken = until(lambda: server.has(theirs), 1)
        if taken or said != SILENCE:
            return Verdict(not taken, f"{len(server.has(theirs))} foreign bytes, {short(said)}")
        with socket.create_connection(at, 5) as wire:
            wire.sendall(own)
        said = talk.within(10)
        while said.startswith("1"):
            said = talk.within(10)
    return Verdict(not server.has(theirs), f"refused; then its owner: {short(said)}")


def flood(server: Server, size: int = 64 * MIB) -> Verdict:
    """Data are pushed into a passive data connection for which no upload was asked."""
    with server.session() as talk:
        before = server.memory()
        with socket.create_connection(talk.makepasv(), 5) as wire:
            sent = pour(wire, size)
            grown = server.memory() - before
    return Verdict(
        grown < GROWTH, f"{sent / MIB:.0f} of {size / MIB:.0f} MiB sent, {grown / MIB:+.0f} MiB"
    )


def aborted(server: Server) -> Verdict:
    """ABOR is sent in mid-upload, and the data connection stays open."""
    with server.session() as talk:
        upload = Begun(server, talk)
        first = talk.ask("ABOR", 5)
        heard = [short(first)]
        if first.startswith("4"):
            heard.append(short(talk.within(3)))
        upload.wire.close()
    return Verdict(first not in (SILENCE, CLOSED), ", ".join(heard))


def textUnchanged(server: Server) -> Verdict:
    """A file is uploaded as TYPE A."""
    name, first = unique()
    data = first + b"one\ntwo\r\nthree\r\r\n\x04\xff\n"
    with server.session() as talk:
        said = talk.ask("TYPE A")
        with talk.transfercmd(f"STOR {name}") as wire:
            wire.sendall(data)
        said = talk.within(10)
        whole = until(lambda: server.has(first) == data, 2)
    kept = server.has(first)
    return Verdict(whole, f"{short(said)}; {len(kept)} of {len(data)} bytes kept")


def unprinted(server: Server) -> Verdict:
    """A printer reads nothing, and one resets the connection after the end of the job."""
    if not server.silentPrinters:
        return Verdict(None, "it has no printers")
    heard = []
    for directory in server.silentPrinters:
        with server.session() as talk:
            assert talk.say(f"CWD {directory}").startswith("250")
            with talk.upload(unique()[0]) as wire:
                wire.sendall(bytes(200_000))
            heard.append(talk.within(3))
    return Verdict(
        not any(said.startswith("2") for said in heard), ", ".join(short(said) for said in heard)
    )


def stopped(server: Server) -> Verdict:
    """The server is stopped by SIGTERM in mid-upload."""
    with server.session() as talk:
        upload = Begun(server, talk)
        server.askToEnd()
        said = talk.within(10)
        upload.wire.close()
    return Verdict(not said.startswith("2"), short(said))
