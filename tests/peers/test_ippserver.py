"""
Jobs through the gateway to IPP printers as there are in the field.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import ippserver
from tests.support.gateway import Gateway
from tests.support.ippserver import IPPServer, Kind
from tests.support.session import Session, delivered, lastLine

PAGE = b"%!PS\n" + bytes(range(256)) * 300


@pytest.mark.parametrize("announced", [True, False], ids=["ALLO", ""])
@pytest.mark.parametrize(
    "kind",
    [
        ippserver.old,
        ippserver.endsByClosing,
        ippserver.saysContinue,
        ippserver.busyTwice,
        ippserver.digest,
    ],
)
def test_printed(kind: Kind, announced: bool, tmp_path: Path) -> None:
    """They print, and say so."""
    with (
        IPPServer(kind) as printer,
        Gateway(tmp_path, "--printer", printer.uri(login="bob:secret@")) as gateway,
        Session(gateway.port) as session,
    ):
        for _ in range(2):
            session.say("TYPE I")
            if announced:
                session.say(f"ALLO {len(PAGE)}")
            reply = session.send(PAGE)
            assert re.search(delivered("PORT1", len(PAGE), "confirmed"), lastLine(reply)), reply
        assert printer.printed == [PAGE, PAGE]
        assert "secret" not in gateway.log


@pytest.mark.parametrize("kind", [ippserver.wantsLength, ippserver.knowsNoChunks])
def test_withoutChunks(kind: Kind, tmp_path: Path) -> None:
    """A job of unknown size is refused, and not printed; one that was announced is printed."""
    with (
        IPPServer(kind) as printer,
        Gateway(tmp_path, "--printer", printer.uri()) as gateway,
        Session(gateway.port) as session,
    ):
        with session.upload() as wire:
            wire.sendall(PAGE[:1000])
            reply = session.reply()
        assert reply.startswith("451"), reply
        assert "it wants to know how long a job is; let the sender announce it (ALLO)" in reply
        assert printer.printed == []
        session.say(f"ALLO {len(PAGE)}")
        reply = session.send(PAGE)
        assert re.search(delivered("PORT1", len(PAGE), "confirmed"), lastLine(reply)), reply
        assert printer.printed == [PAGE]


def test_moved(tmp_path: Path) -> None:
    """Where it went is told before a byte is sent."""
    with (
        IPPServer(ippserver.moved) as printer,
        Gateway(tmp_path, "--printer", printer.uri(), "--connect-timeout", "0") as gateway,
        Session(gateway.port) as session,
    ):
        session.say("PASV")
        reply = session.say("STOR page")
        assert reply.startswith("450"), reply
        assert "HTTP 301: the printer is elsewhere, at https://elsewhere.example/ipp" in reply
