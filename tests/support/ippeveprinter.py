"""
A real printer that speaks IPP: ippeveprinter of CUPS, which "prints" with a command of ours.

It announces itself by D-Bus or does not start; it gets a bus of its own, on which nobody listens.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from pathlib import Path

from tests.support.peer import PATIENCE, Peer
from tests.support.started import Daemon, borrowed, freePort

#: What it does with a job unless a test says otherwise.
PRINTS = 'cat "$1" >"$PAPER/.$$" && mv "$PAPER/.$$" "$PAPER/$(date +%s.%N)-$$"'

_FORMATS = "application/octet-stream,application/postscript,application/pdf"


class IPPPrinter(Peer):
    """
    One printer.

    @ivar port: where it listens, for C{ipp:} and C{ipps:}.
    """

    def __init__(self, directory: Path, script: str = PRINTS, formats: str = _FORMATS) -> None:
        """
        @param script: a shell script that prints C{$1}, in the directory C{$PAPER}.
        """
        program = borrowed("ippeveprinter", "cups-ipp-utils")
        bus = directory / "bus"
        self.paper = directory / "paper"
        spool, keys = directory / "spool", directory / "keys"
        for each in (self.paper, spool, keys):
            each.mkdir(parents=True)
        command = directory / "print"
        command.write_text(f"#!/bin/sh\nPAPER={self.paper}\n{script}\n")
        command.chmod(0o755)
        self.port = freePort()
        self._bus = Daemon(
            [
                borrowed("dbus-daemon", "dbus-daemon"),
                "--session",
                f"--address=unix:path={bus}",
                "--nofork",
            ],
            directory / "bus.log",
        )
        try:
            self._bus.waitForPath(bus)
            words = ["-vv", "-r", "off", "-n", "localhost", "-p", str(self.port), "-d", str(spool)]
            words += ["-c", str(command), "-f", formats, "-K", str(keys), "Test"]
            self._printer = Daemon(
                [program, *words],
                directory / "printer.log",
                dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={bus}"),
            )
            self._printer.waitForPort(self.port)
        except BaseException:
            self._bus.stop()
            raise

    def uri(self, *options: str, scheme: str = "ipp") -> str:
        """
        Its device URI, with options such as C{waitjob=off}.
        """
        query = "?" + "&".join(options) if options else ""
        return f"{scheme}://localhost:{self.port}/ipp/print{query}"

    def makeCertificate(self) -> None:
        """
        Have it make its own certificate, which fails for one of two that need it at a time.
        """
        with socket.create_connection(("localhost", self.port), PATIENCE) as wire:
            ssl._create_unverified_context().wrap_socket(wire).close()

    @property
    def printed(self) -> list[bytes]:
        """What it has printed so far, in this order."""
        papers = sorted(each for each in self.paper.iterdir() if not each.name.startswith("."))
        return [each.read_bytes() for each in papers]

    def waitForPaper(self, name: str) -> None:
        """
        Wait until the script has made this file.
        """
        deadline = time.monotonic() + PATIENCE
        while not (self.paper / name).exists():
            assert time.monotonic() < deadline, f"no {name}"
            time.sleep(0.02)

    def stop(self) -> None:
        """
        Switch it off.
        """
        self._printer.stop()
        self._bus.stop()
