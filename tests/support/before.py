"""
What a version of jetdirect leaves to the next one: a spool with jobs, and a configuration file.

    python -m tests.support.before tests/before/26.11

makes both with the gateway that is here: run it when C{jetdirect.spool.record.VERSION} is raised,
for a folder of that version, and leave the older ones as they are.  L{tests.test_upgrade} opens all
of them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.gateway import IPV4, Gateway, environment
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session

PAGES = {name: b"\033E" + name.encode() + b"\r\n\f\033E" for name in ("waits", "held", "printed")}
"""What the jobs are called, and their bytes."""

FILE = """\
port = ["2121"]
default-port = "ward3"
spool = "spool"
web = ["unix:control"]
max-sessions-per-host = 20
idle-timeout = "15m"
passive-ports = "40000-40099"
pjl-policy = "log"

[defaults]
spool = true
busy-timeout = "2m"
keep = "20"
on-doubt = "hold"

[[printer]]
name = "ward3"
number = 3
aliases = ["lp"]
uri = "socket://192.0.2.3:9100?waiteof=off"
description = "Ward 3"
allow = ["127.0.0.0/8"]

[[printer]]
name = "labels"
uri = "socket://192.0.2.4"
gap = 0.5
max-job-bytes = "10M"
"""


def made(folder: Path) -> None:
    """Let a gateway keep three jobs: one that waits, one that is held, one that is printed."""
    folder.mkdir(parents=True)
    (folder / "gateway.toml").write_text(FILE)
    with tempfile.TemporaryDirectory() as work:
        place = Path(work)
        away, printer = RawPrinter(), RawPrinter()
        away.stop()
        text = FILE.replace("socket://192.0.2.3:9100", away.uri())
        (place / "gateway.toml").write_text(text.replace("socket://192.0.2.4", printer.uri()))
        options = ["--port", IPV4, f"--config={place}/gateway.toml", "--passive-ports=1024-65535"]
        with Gateway(place, *options) as gateway:
            with Session(gateway.port) as session:
                session.send(PAGES["waits"], "ward3/waits")
                session.send(PAGES["held"], "ward3/held")
                session.send(PAGES["printed"], "labels/printed")
            gateway.waitFor(r"job \d+ on labels: completed")
            command = [sys.executable, "-m", "jetdirect", f"--gateway=unix:{place}/control"]
            done = subprocess.run(
                [*command, "jobs", "--port", "ward3"],
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
            )
            [number] = [
                line.split()[0] for line in done.stdout.splitlines() if " held " in f"{line} "
            ]
            subprocess.run([*command, "hold", number], env=environment(), check=True)
        printer.stop()
        shutil.copytree(place / "spool", folder / "spool")
    for name in ("lock", "ballast"):
        (folder / "spool" / name).unlink(missing_ok=True)


if __name__ == "__main__":
    made(Path(sys.argv[1]))
