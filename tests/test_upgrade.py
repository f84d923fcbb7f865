"""
From one version to the next: what older ones left in C{tests/before} is taken over, and what a
newer one left stays for it (L{tests.test_spool_store.test_newerRecord}).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.spool.record import VERSION, SpoolRecord
from jetdirect.tap import Options
from tests.support.before import FILE, PAGES
from tests.support.gateway import IPV4, Gateway, environment
from tests.support.rawprinter import RawPrinter

BEFORE = sorted((Path(__file__).parent / "before").iterdir())


def copied(before: Path, place: Path) -> Path:
    """What a version left, as it left it: git keeps no rights."""
    shutil.copytree(before, place / "before")
    for folder, _, files in os.walk(place / "before"):
        os.chmod(folder, 0o700)
        for file in files:
            os.chmod(Path(folder, file), 0o600)
    return place / "before"


@pytest.mark.parametrize("before", BEFORE, ids=lambda each: each.name)
def test_configuration(before: Path, tmp_path: Path) -> None:
    """Its configuration file means what it meant."""
    file = copied(before, tmp_path) / "gateway.toml"
    options = Options(MemoryReactorClock())
    options.parseOptions([f"--config={file}"])
    ward3, labels = options.configuration.ports
    assert (ward3.name, ward3.number, ward3.aliases) == ("ward3", 3, ("lp",))
    assert ward3.settings.spool and ward3.settings.busyTimeout == 120
    assert labels.settings.maxJobBytes == 10 * 2**20
    assert options.configuration.sessions.idleTimeout == 15 * 60


@pytest.mark.slow
@pytest.mark.parametrize("before", BEFORE, ids=lambda each: each.name)
def test_spool(before: Path, tmp_path: Path) -> None:
    """The job that waited prints, the one that was held waits for a person, no other one prints."""
    folder, printer = copied(before, tmp_path), RawPrinter()
    text = FILE.replace("192.0.2.3:9100", f"127.0.0.1:{printer.port}")
    (folder / "gateway.toml").write_text(text.replace("192.0.2.4", f"127.0.0.1:{printer.port}"))
    command = [sys.executable, "-m", "jetdirect", f"--gateway=unix:{folder}/control"]

    def do(*words: str) -> str:
        known = environment()
        done = subprocess.run([*command, *words], env=known, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    with Gateway(folder, "--port", IPV4, f"--config={folder}/gateway.toml") as gateway:
        gateway.waitFor(r"job \d+ on ward3: completed")
        assert printer.jobs == [PAGES["waits"]]
        [held] = json.loads(do("--json", "jobs", "--state", "pending-held"))["jobs"]
        do("release", str(held["number"]))
        gateway.waitFor(r"job \d+ on ward3: completed", count=2)
        assert printer.jobs == [PAGES["waits"], PAGES["held"]]
    printer.stop()


def test_records() -> None:
    """What a record holds is what the newest of them has: see L{tests.support.before}."""
    [record, *_] = BEFORE[-1].glob("spool/ports/*/queue/*/job.json")
    told = "raise VERSION in jetdirect/spool/record.py, and make a folder with tests.support.before"
    kept = json.loads(record.read_text())
    assert kept.pop("version") == VERSION, told
    assert set(kept) == {*SpoolRecord._fields}, told
