"""
A printer that talks without an end while it has a job: the other printers' senders do not notice.
"""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import threading
import time
from pathlib import Path

import pytest

from tests.support.caller import Caller
from tests.support.gateway import Gateway
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, delivered, lastLine

WORDS = b'@PJL USTATUS JOB\r\nEND\r\nNAME="another"\r\n\f' * 2000


def talking(caller: Caller) -> None:
    """Read the job, and say more than anybody can hear."""

    def talk() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller.say(WORDS)

    threading.Thread(target=talk, daemon=True).start()
    caller.readAll()


def busy(gateway: Gateway) -> float:
    """Seconds of the processor that the gateway has used."""
    user, system = Path(f"/proc/{gateway.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("options", ["", "?pjl=on"])
def test_othersDoNotNotice(options: str, tmp_path: Path) -> None:
    """Half of a processor is enough to hear it, and a page on another printer is there at once."""
    with RawPrinter(talking, keep=False) as talker, RawPrinter(keep=False) as printer:
        printers = ["--printer", talker.uri() + options, "--printer", printer.uri()]
        with (
            Gateway(tmp_path, *printers, "--drain-timeout=0") as gateway,
            Session(gateway.port) as session,
            session.upload() as wire,
        ):
            wire.sendall(b"x" * 10_000)
            time.sleep(0.5)
            before, began = busy(gateway), time.monotonic()
            time.sleep(2)
            share = (busy(gateway) - before) / (time.monotonic() - began)
            took = []
            for _ in range(30):
                began = time.monotonic()
                with Session(gateway.port) as victim:
                    victim.say("CWD PORT2")
                    reply = victim.send(b"y" * 1000)
                    assert re.search(delivered("PORT2", 1000), lastLine(reply)), reply
                took.append(time.monotonic() - began)
            print(f"{share:.2f} of a processor, median {statistics.median(took):.3f} s")
            assert share < 0.5
            assert statistics.median(took) < 0.15
            assert max(took) < 2
