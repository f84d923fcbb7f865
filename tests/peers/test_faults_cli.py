"""
A command line that cannot work is refused in one clear line, with status 1 and no traceback.
"""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.gateway import IPV4, command, environment
from tests.support.peer import PATIENCE
from tests.test_tap import complaint

PRINTER = "socket://127.0.0.1:9100"


def start(directory: Path, *options: str) -> tuple[int, str]:
    """
    Start a gateway that ends by itself.

    @return: its exit status and all it said.
    """
    done = subprocess.run(
        command(*options),
        cwd=directory,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--printer", "gopher://127.0.0.1", ["gopher", "socket", "file"]),
        ("--printer", "127.0.0.1/queue", ["127.0.0.1", "socket://"]),
        ("--printer", f"{PRINTER}?finsh-timeout=5", ["finsh-timeout", "finish-timeout"]),
        ("--printer", f"{PRINTER}?finish-timeout=soon", ["finish-timeout", "soon"]),
        ("--printer", f"{PRINTER}?finish-timeout=-1", ["finish-timeout", "-1"]),
        ("--printer", "socket://127.0.0.1:99999", ["99999", "65535"]),
        ("--printer", "socket://", ["host"]),
        ("--printer", "file:///no/such/place", ["/no/such"]),
        ("--port", "70000", ["70000"]),
        ("--port", "bogus:1", ["bogus:1"]),
        ("--port", "tcp:port=x", ["tcp:port=x"]),
        ("--port", "", ["--port"]),
        ("--max-sessions", "0", ["0"]),
        ("--max-sessions", "three", ["three"]),
        ("--idle-timeout", "-1", ["-1"]),
        ("--data-idle-timeout", "nan", ["nan"]),
        ("--busy-timeout", "inf", ["inf"]),
        ("--connect-timeout", "1w", ["1w"]),
        ("--greeting", "two\r\nlines", ["greeting"]),
    ],
)
def test_wrongValueIsNamed(option: str, value: str, named: list[str]) -> None:
    """
    The line of the refusal names the option, the value and what would be right.
    """
    said = complaint(option, value)
    for word in [option.lstrip("-"), *named]:
        assert word in said, said


def test_wrongValueEndsTheStart(tmp_path: Path) -> None:
    """
    It is the last line that the process says, and its status is 1.
    """
    words = ("--printer", f"{PRINTER}?finish-timeout=soon")
    status, output = start(tmp_path, "--port", IPV4, *words)
    assert status == 1, output
    assert "Traceback" not in output
    assert complaint(*words) in output.rstrip().splitlines()[-1]


def test_secretsAreNotRepeated(tmp_path: Path) -> None:
    """
    The password in a URI is not shown, not even when the URI is refused.
    """
    status, output = start(tmp_path, "--printer", "gopher://user:hunter2@127.0.0.1/x")
    assert status == 1, output
    assert "gopher" in output.rstrip().splitlines()[-1]
    assert "hunter2" not in output


@pytest.mark.parametrize("words", [["--no-such-option"], ["leftover"]], ids=["option", "argument"])
def test_unknownWordIsNamed(words: list[str], tmp_path: Path) -> None:
    """
    A word that means nothing is refused by name.
    """
    status, output = start(tmp_path, "--port", IPV4, *words)
    assert status == 1, output
    assert "Traceback" not in output
    assert words[0].lstrip("-") in output.rstrip().splitlines()[-1]


def test_takenPortFailsTheStart(tmp_path: Path) -> None:
    """
    A port that somebody else has is no reason to run deaf: the start fails and names it.
    """
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        status, output = start(tmp_path, "--port", f"tcp:{port}:interface=127.0.0.1")
    assert status == 1, output
    assert str(port) in output
    assert "in use" in output
    assert "Traceback" not in output


def test_helpNamesEveryOption(tmp_path: Path) -> None:
    """
    C{--help} is no error and has all the names that other tools rely on.
    """
    status, output = start(tmp_path, "--help")
    assert status == 0, output
    for name in ["port", "printer", "max-sessions", "idle-timeout", "data-idle-timeout"]:
        assert f"--{name}=" in output
    for name in ["busy-timeout", "connect-timeout", "greeting"]:
        assert f"--{name}=" in output
