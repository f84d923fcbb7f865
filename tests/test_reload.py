"""
SIGHUP: the configuration is read again, and the gateway goes on with it as a whole or not at all.

A process of its own, with printers and senders on real sockets.
"""

from __future__ import annotations

import ftplib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory.reloads import run
from tests.support.gateway import IPV4, Gateway
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, lastLine

pytestmark = pytest.mark.slow

PAGE = b"%!PS\nshowpage\n"


class Reloading:
    """A gateway, its file, and its printers by name."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.printers = {name: RawPrinter() for name in names}
        self.file = folder / "gateway.toml"
        self.write('default-port = "ward3"\n', *names[:-1])
        self.gateway = Gateway(folder, "--port", IPV4, f"--config={self.file}")

    def write(self, head: str, *names: str, **more: str) -> None:
        """Have these printers in the file, each with other keys if there are any."""
        blocks = [
            f'[[printer]]\nname = "{name}"\nuri = "{self.printers[name].uri()}"\n'
            f"{more.get(name, '')}\n"
            for name in names
        ]
        self.file.write_text(head + "\n".join(blocks))

    def reload(self, told: str) -> None:
        """What C{systemctl reload} does; the log says what came of it."""
        os.kill(self.gateway.pid, signal.SIGHUP)
        self.gateway.waitFor(told)

    def store(self, name: str) -> str:
        """What a sender hears at the end."""
        with Session(self.gateway.port) as session:
            try:
                return lastLine(session.send(PAGE, name))
            except ftplib.Error as error:
                return str(error)

    def close(self) -> None:
        """The end."""
        self.gateway.stop()
        for printer in self.printers.values():
            printer.stop()


@pytest.fixture
def reloading(tmp_path: Path) -> Iterator[Reloading]:
    """Two printers in the file, a third one beside it."""
    reloading = Reloading(tmp_path, "ward3", "lab", "office")
    yield reloading
    reloading.close()


def test_reload(reloading: Reloading) -> None:
    """
    One edit, one signal: an address, a new printer, one that goes.  Each is a line in the log; a
    running job ends where it began, and an open session goes on.
    """
    with Session(reloading.gateway.port) as session, session.upload("lab/long.ps") as wire:
        wire.sendall(PAGE)
        reloading.printers["lab"].waitForBytes(1, len(PAGE))
        reloading.printers["ward3"], reloading.printers["office"] = (
            reloading.printers["office"],
            reloading.printers["ward3"],
        )
        reloading.write('default-port = "ward3"\n', "ward3", "office", ward3="busy-timeout = 5")
        reloading.reload("lab is removed, 1 of its jobs print")
        for line in (
            f"ward3 prints to {reloading.printers['ward3'].uri()} from the next job on",
            "ward3: busy-timeout is 5, was 60",
            "office is new",
        ):
            reloading.gateway.waitFor(line)
        assert reloading.store("ward3/a.ps")[:3] == "226" and reloading.store("b.ps")[:3] == "226"
        assert "550" in reloading.store("lab/c.ps")
        assert reloading.store("office/d.ps")[:3] == "226"
        wire.close()
        assert lastLine(session.reply())[:3] == "226"
        assert session.say("CWD office")[:3] == "250"
    assert reloading.printers["lab"].jobs == [PAGE]
    assert reloading.printers["ward3"].jobs == [PAGE, PAGE] and reloading.printers[
        "office"
    ].jobs == [PAGE]
    assert "Traceback" not in reloading.gateway.log


def test_badFile(reloading: Reloading) -> None:
    """A bad file changes nothing; the log has all that is wrong with it."""
    reloading.write("prot = 3\n", "office", office="busy-timeout = true")
    reloading.reload("nothing has changed: the configuration cannot be used")
    reloading.gateway.waitFor(r"gateway\.toml:1: prot: no such key \(did you mean port\?\)")
    reloading.gateway.waitFor(r"gateway\.toml:5: busy-timeout: give a value")
    assert reloading.store("lab/a.ps")[:3] == "226" and "550" not in reloading.store("ward3/a.ps")
    reloading.write("", "lab", lab="number = 1")
    reloading.printers["lab"], reloading.printers["ward3"] = (
        reloading.printers["ward3"],
        reloading.printers["lab"],
    )
    reloading.write("", "ward3", ward3='number = 1\naliases = ["lab"]')
    reloading.reload("LAB of ward3 was lab's; change the URI of lab, or restart")
    assert reloading.store("lab/b.ps")[:3] == "226"
    assert "Traceback" not in reloading.gateway.log


def test_listenerInUse(reloading: Reloading, tmp_path: Path) -> None:
    """A listener that cannot be bound, or a printer that cannot be used: nothing has changed."""
    reloading.write("", "lab", lab="number = 1")
    text = reloading.file.read_text()
    reloading.file.write_text(f'[[printer]]\nname = "x"\nuri = "parallel:{tmp_path}"\n' + text)
    reloading.reload("is no printer's device")
    reloading.file.write_text('auth = "file:gone"\n' + text)
    reloading.reload("gone: No such file or directory")
    assert len(reloading.gateway.matches("nothing has changed")) >= 1
    assert reloading.store("ward3/a.ps")[:3] == "226" and "550" in reloading.store("x/y/PORT1")


def test_whilePrinting(tmp_path: Path) -> None:
    """Reloads while jobs of all kinds of ports print: each whole, once, where it belongs."""
    result = run(tmp_path, jobs=48, reloads=12)
    assert result.wrong == [] and result.reloads == 12
    assert sum(result.replies.values()) == 48 and result.replies["226"] >= 40
