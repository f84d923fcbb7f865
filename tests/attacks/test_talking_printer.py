"""
A printer that talks without an end while it has a job: the other printers' senders do not notice.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from pathlib import Path

import pytest

from tests.support.caller import Caller
from tests.support.gateway import Gateway
from tests.support.process import cpuSeconds
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, delivered, lastLine

JOBS = 30
WORDS = b'@PJL USTATUS JOB\r\nEND\r\nNAME="another"\r\n\f' * 2000


def talking(caller: Caller) -> None:
    """Read the job, and say more than anybody can hear."""

    def talk() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller.say(WORDS)

    threading.Thread(target=talk, daemon=True).start()
    caller.readAll()


@pytest.mark.long
@pytest.mark.parametrize("options", ["", "?pjl=on"])
def test_othersDoNotNotice(options: str, tmp_path: Path) -> None:
    """Half of a processor is enough to hear it, and hardly more to print beside it."""
    with RawPrinter(talking, keep=False) as talker, RawPrinter(keep=False) as printer:
        printers = ["--printer", talker.uri() + options, "--printer", printer.uri()]
        with (
            Gateway(tmp_path, *printers, "--drain-timeout=0") as gateway,
            Session(gateway.port) as session,
            session.upload() as wire,
        ):
            wire.sendall(b"x" * 10_000)
            time.sleep(0.5)
            before, began = cpuSeconds(gateway.pid), time.monotonic()
            time.sleep(2)
            share = (cpuSeconds(gateway.pid) - before) / (time.monotonic() - began)
            before = cpuSeconds(gateway.pid)
            for _ in range(JOBS):
                with Session(gateway.port) as victim:
                    victim.say("CWD PORT2")
                    reply = victim.send(b"y" * 1000)
                    assert re.search(delivered("PORT2", 1000), lastLine(reply)), reply
            busy = (cpuSeconds(gateway.pid) - before) / JOBS
            print(f"{share:.2f} of a processor, {busy:.3f} s of it for a job")
            assert share < 0.5
            assert busy < 0.05  # 0.004, and 0.14 when it is heard without an end
