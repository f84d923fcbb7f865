"""
The command that tries whether alarms arrive.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.behaviours import NoPrinter
from tests.support.hook import Hook
from tests.support.mailroom import Mailroom

pytestmark = pytest.mark.slow

SECRET = b"s3cret"
TIME = 60
"""Seconds for the command."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A web server."""
    hook = Hook(SECRET)
    yield hook
    hook.stop()


@pytest.fixture
def mailroom() -> Iterator[Mailroom]:
    """A mail server."""
    room = Mailroom()
    yield room
    room.stop()


def notify(folder: Path, alarms: str) -> tuple[int, list[str], str]:
    """Run it: its status, what it said, and what it complained of."""
    file = folder / "gateway.toml"
    file.write_text(f'{alarms}[[printer]]\nname = "ward3"\nuri = "socket://127.0.0.1"\n')
    (folder / "secret").write_bytes(SECRET + b"\n")
    ran = subprocess.run(
        [sys.executable, "-m", "jetdirect", "notify", str(file)],
        capture_output=True,
        text=True,
        timeout=TIME,
        check=False,
    )
    return ran.returncode, ran.stdout.splitlines(), ran.stderr


def test_arrives(tmp_path: Path, hook: Hook, mailroom: Mailroom) -> None:
    """All are told, and a line about each says so."""
    status, said, complaints = notify(
        tmp_path,
        f'[notify]\nmail-to = "ops@example.com"\nsmtp = "smtp://127.0.0.1:{mailroom.port}"\n'
        f'webhook = "http://127.0.0.1:{hook.port}/T0KEN"\nwebhook-secret-file = "secret"\n',
    )
    assert (status, complaints) == (0, "")
    assert sorted(said) == [
        f"mail to ops@example.com by smtp://127.0.0.1:{mailroom.port}: told",
        f"the webhook at http://127.0.0.1:{hook.port}: told",
    ]
    [(_, _, mail)] = mailroom.mails
    assert mail["Subject"].endswith(": this is a test")
    assert [each["events"][0]["event"] for each in hook.posted] == ["test"]


def test_oneOfTwoAddresses(tmp_path: Path, mailroom: Mailroom) -> None:
    """An address that the mail server refuses is named, and the other has its mail."""
    mailroom.refused = {"ops@example.com": "550 no such user"}
    status, said, _ = notify(
        tmp_path,
        '[notify]\nmail-to = ["ops@example.com", "night@example.com"]\n'
        f'smtp = "smtp://127.0.0.1:{mailroom.port}"\n',
    )
    assert status == 1
    assert sorted(said) == [
        f"mail to night@example.com by smtp://127.0.0.1:{mailroom.port}: told",
        f"mail to ops@example.com by smtp://127.0.0.1:{mailroom.port}:"
        " it answered 550 no such user",
    ]
    assert [to for _, to, _ in mailroom.mails] == [["night@example.com"]]


def test_doesNot(tmp_path: Path, hook: Hook) -> None:
    """Who cannot be told is named, with the reason, and the status is 1; the others are told."""
    with NoPrinter() as nobody:
        status, said, _ = notify(
            tmp_path,
            f'[notify]\nmail-to = "ops@example.com"\nsmtp = "smtp://127.0.0.1:{nobody.port}"\n'
            f'webhook = "http://127.0.0.1:{hook.port}/"\n',
        )
    assert status == 1
    assert sorted(said) == [
        f"mail to ops@example.com by smtp://127.0.0.1:{nobody.port}: it refused the connection",
        f"the webhook at http://127.0.0.1:{hook.port}: told",
    ]
    assert hook.forged == 1


def test_nobody(tmp_path: Path) -> None:
    """A file that names nobody, or is wrong, is told so."""
    status, said, complaints = notify(tmp_path, "")
    assert (status, said) == (1, []) and complaints.endswith(
        ": nobody is told of alarms; write [notify] with mail-to or webhook below it\n"
    )
    status, said, complaints = notify(tmp_path, "[notify]\n")
    assert (status, said) == (1, [])
    assert "notify: nobody is told; write mail-to or webhook below it" in complaints
