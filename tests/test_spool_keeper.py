"""
The process that keeps jobs: what it is asked, and what it answers.
"""

from __future__ import annotations

import io
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jetdirect.spool.disk import RealDisk
from jetdirect.spool.keeper import packed, serve, unpacked
from jetdirect.spool.steps import Here
from tests.support.spooled import RECORD


def answers(place: Path, *requests: object) -> list[Any]:
    """What is answered, the first answer being that it is there."""
    told = io.BytesIO()
    serve(io.BytesIO(b"".join(map(packed, requests))), told, Here(RealDisk(str(place))))
    found, rest = [], told.getvalue()
    while (one := unpacked(rest)) is not None:
        found.append(one[0])
        rest = rest[len(packed(one[0])) :]
    assert rest == b""
    return found


def test_inPieces() -> None:
    """A part of a message is none yet."""
    whole = packed(("write", [("path", b"bytes", None)]))
    assert all(unpacked(whole[:size]) is None for size in range(len(whole)))
    assert unpacked(whole) == (("write", [("path", b"bytes", None)]),)


def test_aJob(tmp_path: Path) -> None:
    """It is written, put in its place and marked."""
    (tmp_path / "queue").mkdir()
    told = answers(
        tmp_path,
        ("write", [("1", b"a page", tuple(RECORD)), ("no/2", b"", tuple(RECORD))], ()),
        ("move", [("1", "queue/1"), ("3", "queue/3")], ()),
        ("write", [], ("queue/1",)),
    )
    nowhere = (2, "No such file or directory")
    assert told[0] is None and told[1][0] is None and told[1][1][:2] == nowhere
    assert told[2][0] == (True, None) and told[2][1][0] is False and told[2][1][1][:2] == nowhere
    assert told[3:] == [[]]
    assert (tmp_path / "queue/1/data").read_bytes() == b"a page"
    assert stat.S_IMODE(os.stat(tmp_path / "queue/1").st_mode) == 0o1700


@pytest.mark.parametrize("cut", [3, 20])
def test_theGatewayIsGone(tmp_path: Path, cut: int) -> None:
    """Half a request is not carried out."""
    request = packed(("write", [("1", b"a page", tuple(RECORD))], ()))
    told = io.BytesIO()
    serve(io.BytesIO(request[:cut]), told, Here(RealDisk(str(tmp_path))))
    assert unpacked(told.getvalue()) == (None,)
    assert os.listdir(tmp_path) == []


def test_nobodyWaits(tmp_path: Path) -> None:
    """A gateway that is killed while it works hears nothing, and nobody sees a traceback."""
    ours, theirs = socket.socketpair()
    words = [sys.executable, "-P", "-m", "jetdirect.spool.keeper", str(tmp_path)]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with theirs, ours:
        running = subprocess.Popen(
            words, stdin=theirs.fileno(), stderr=subprocess.PIPE, env={**os.environ, **paths}
        )
        theirs.close()
        ours.recv(100)
        ours.sendall(packed(("write", [("1", b"a page", tuple(RECORD))], ())))
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (0, b"")
