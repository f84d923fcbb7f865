"""
The example of somebody else's kind of printer installs like any package, and prints.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.gateway import Gateway, command, environment
from tests.support.session import Session, delivered, lastLine

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[1] / "examples" / "plugin"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python path of a gateway that has the example installed."""
    place = tmp_path_factory.mktemp("plugin")
    caches = shutil.ignore_patterns("__pycache__", "build", "*.egg-info", "dropin.cache")
    sources = shutil.copytree(EXAMPLE, place / "sources", ignore=caches)
    flags = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(place / "site")]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *flags, str(sources)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(sources)
    return os.pathsep.join(filter(None, [str(place / "site"), environment().get("PYTHONPATH")]))


def ask(known: str, tmp_path: Path, *options: str) -> str:
    """What the command line says to these options."""
    done = subprocess.run(
        command(*options),
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": known},
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.stdout + done.stderr


def test_commandLine(known: str, tmp_path: Path) -> None:
    """The command line's help lists it, and a wrong option is refused with those there are."""
    said = ask(known, tmp_path, "--help")
    assert re.search(r"^ +discard:$", said, re.MULTILINE), said

    said = ask(known, tmp_path, "--printer", "discard:?colour=red")
    assert re.search(r"unknown option 'colour'; known are .*jam-after", said), said


def test_ownTest(known: str) -> None:
    """Its own test passes, without pytest."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "unittest", "-v", "test_discard"],
        cwd=EXAMPLE,
        env={**environment(), "PYTHONPATH": known},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 1 test" in done.stderr


def test_prints(known: str, tmp_path: Path) -> None:
    """A gateway has such a printer, well or lost in mid-job, and asks it how it is."""
    printers = ["--printer", "discard:", "--printer", "discard:?jam-after=3&description=Jammed"]
    with (
        Gateway(tmp_path, *printers, before=["env", f"PYTHONPATH={known}"]) as gateway,
        Session(gateway.port) as session,
    ):
        job = b"%!PS\n" * 20_000
        reply = session.send(job)
        assert re.search(delivered("PORT1", len(job)), lastLine(reply)), reply
        assert gateway.jobEnd(1).startswith(f"completed: {len(job)} bytes")
        assert "waste-paper basket" in session.say("PWD")
        assert "the printer says: idle; " in session.say("STAT")

        with session.upload("port2/page.ps") as wire:
            wire.sendall(b"%!PS")
            reply = session.reply()  # the upload has not ended yet
        assert reply.startswith("551"), reply
        assert "the basket is full" in reply
        assert session.say("CWD port2").startswith("250")
        assert "Jammed" in session.say("PWD")
