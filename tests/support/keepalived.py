"""
Debian's keepalived with the configuration of the documents.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.namespaces import Namespaces
from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.started import borrowed

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet" / "keepalived.conf"


class Keepalived(Peer):
    """One, on one of the machines."""

    def __init__(self, directory: Path, machines: Namespaces, number: int) -> None:
        found = borrowed("keepalived", "keepalived")
        file = directory / "keepalived.conf"
        text = EXAMPLE.read_text().replace("192.0.2.10/24", f"{machines.net}.100/24")
        file.write_text(text)
        file.chmod(0o644)
        pids = [f"--{name}={directory / name}.pid" for name in ("pid", "vrrp_pid", "checkers_pid")]
        self._process = subprocess.Popen(
            mortal(
                *machines.inside(number),
                found,
                "--dont-fork",
                "--log-console",
                "--vrrp",
                f"--use-file={file}",
                *pids,
            ),
            stdin=subprocess.DEVNULL,
            stdout=(directory / "keepalived.log").open("w"),
            stderr=subprocess.STDOUT,
        )

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(PATIENCE)
