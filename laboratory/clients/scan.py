"""
What nmap finds of a gateway: C{python -m laboratory.clients.scan > docs/evidence/nmap.txt}.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from tests.support.gateway import Gateway
from tests.support.modes import IPV4
from tests.support.packages import program
from tests.support.rawprinter import RawPrinter

#: ftp-brute guesses until this time is over.
_BRUTE = "brute.firstonly=true,unpwdb.timelimit=5s"


def scan(port: int) -> str:
    """
    The whole output, without what changes from run to run.

    @raise Missing: there is no nmap.
    """
    words = ["-Pn", "-n", "-sT", "-sV", "--script", "ftp-*", "--script-args", _BRUTE]
    done = subprocess.run(
        [program("nmap"), *words, "-p", str(port), IPV4],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
    )
    return done.stdout.decode("utf-8", "replace")


def recognised(output: str) -> bool:
    """Is the device known by its greeting?"""
    return re.search(r"^\d+/tcp open +ftp +\S.*JetDirect", output, re.MULTILINE) is not None


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as directory,
        RawPrinter() as printer,
        Gateway(
            Path(directory),
            "--printer",
            printer.uri("description=HP+LaserJet"),
            "--max-sessions=50",
        ) as gateway,
    ):
        print(scan(gateway.port), end="")
