"""
Uploads that are killed: port user password directory certificate.

Each line of standard input is an order, C{name job after delay pause size...}: a forked process
logs in with ftplib and uploads job after job of these sizes as C{name-1}, C{name-2} ..., and every
piece of 8 KiB takes C{pause} seconds to read. Once it has passed on C{after} bytes of the given job
it has C{delay} seconds to live. The answer, a line of JSON, says how far it had come when SIGKILL
hit it; the process itself kept count in shared memory.

It is a small program of its own because a fork of a small process is quick.
"""

import ftplib
import itertools
import json
import mmap
import os
import select
import signal
import ssl
import struct
import sys
import time
import traceback

_BOARD = struct.Struct("4q")
_NOISE = bytes(range(251)) * 264  # 251 is prime: misplaced pieces show

#: Seconds after which an upload that did not even begin is given up.
PATIENCE = 60

#: What the process was doing: asking for the upload, sending, past its end, answered.
ASKING, SENDING, ENDED, TOLD = range(4)


class Source:
    """A file of one job: who reads it has passed on all that it read before."""

    def __init__(
        self, board: mmap.mmap, job: int, size: int, after: int, pause: float, pipe: int
    ) -> None:
        """
        @param after: when so many bytes are passed on, a byte goes into the C{pipe}.
        @param pause: seconds that a piece takes.
        """
        self._board = board
        self._job = job
        self._size = size
        self._passed = 0
        self._after = after
        self._pause = pause
        self._pipe = pipe

    def read(self, limit: int = -1, /) -> bytes:
        """The next piece."""
        piece = _NOISE[: min(limit, self._size - self._passed)]
        stage = SENDING if piece else ENDED
        _BOARD.pack_into(self._board, 0, self._job, self._size, self._passed, stage)
        if self._passed >= self._after:
            os.write(self._pipe, b"!")
            self._after = self._size + 1
        if piece and self._pause:
            time.sleep(self._pause)
        self._passed += len(piece)
        return piece


def upload(where: list[str], order: list[str], board: mmap.mmap, pipe: int) -> None:
    """Upload for ever."""
    port, user, password, directory, certificate = where
    name, chosen, after, _, pause, *sizes = order
    session = ftplib.FTP(timeout=PATIENCE)
    if certificate:
        context = ssl.create_default_context(cafile=certificate)
        session = ftplib.FTP_TLS(timeout=PATIENCE, context=context)
    session.connect("127.0.0.1", int(port))
    session.login(user, password)
    if isinstance(session, ftplib.FTP_TLS):
        session.prot_p()
    if directory:
        session.cwd(directory)
    for job, size in enumerate(itertools.cycle(map(int, sizes)), start=1):
        _BOARD.pack_into(board, 0, job, size, 0, ASKING)
        mark = int(after) if job == int(chosen) else size + 1
        source = Source(board, job, size, mark, float(pause), pipe)
        session.storbinary(f"STOR {name}-{job}", source)
        _BOARD.pack_into(board, 0, job, size, size, TOLD)


def kill(where: list[str], order: list[str]) -> dict[str, object]:
    """Let one process live and die."""
    board = mmap.mmap(-1, _BOARD.size)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            upload(where, order, board, writing)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writing)
    began = select.select([reading], [], [], PATIENCE)[0] and os.read(reading, 1)
    if began:
        time.sleep(float(order[3]))
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    os.close(reading)
    job, size, passed, stage = _BOARD.unpack_from(board, 0)
    alive = os.WIFSIGNALED(status) and bool(began)
    name = f"{order[0]}-{job}"
    told = {"name": name, "size": size, "passed": passed, "stage": stage}
    return {**told, "alive": alive, "job": job}


for line in sys.stdin:
    print(json.dumps(kill(sys.argv[1:], line.split())), flush=True)
