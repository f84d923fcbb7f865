"""
A session as old scripts feed it: every command is sent at once, and no reply is waited for.

So do Windows' C{ftp -s:script} through a pipe, and many PLCs: OPTS before USER, active mode, a data
connection to be accepted after each STOR, QUIT behind it all.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path

from laboratory.controls.commands import Ear
from tests.support.clients import DEADLINE, Address, Result

#: More files would need more commands than a server has to keep in mind.
MOST_FILES = 12


def scripted(address: Address, files: Sequence[Path]) -> Result:
    """
    Upload files in one session; the exit status is 0 if every STOR got a 226 and QUIT its 221.
    """
    assert len(files) <= MOST_FILES
    ears = [Ear(address.host) for _ in files]
    lines = ["OPTS UTF8 ON", "USER tester", "PASS secret", "TYPE I"]
    for ear, file in zip(ears, files, strict=True):
        lines += [f"PORT {ear.address}", f"STOR {file.name}"]
    lines.append("QUIT")
    with contextlib.ExitStack() as stack:
        for ear in ears:
            stack.callback(ear.close)
        control = socket.create_connection((address.host, address.port), DEADLINE)
        stack.enter_context(control)
        control.sendall("".join(f"{line}\r\n" for line in lines).encode())
        for ear, file in zip(ears, files, strict=True):
            with ear.accepted(DEADLINE) as wire:
                wire.sendall(file.read_bytes())
        heard = bytearray()
        while chunk := control.recv(65536):
            heard += chunk
    output = heard.decode("latin-1")
    replies = [line[:4] for line in output.splitlines()]
    good = replies.count("226 ") == len(files) and replies[-1] == "221 "
    return Result(0 if good else 1, output)
