"""
Many flushes at a time, without a thread for each.

A file that is flushed waits for its disk several times, and the next one would wait again.  Those
of one step need no order, so the kernel is given them all (C{IOCB_CMD_FSYNC}, Linux 4.18); it
joins what the disk can do at once.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any

AT_A_TIME = 128
"""Files that are flushed at a time (chosen): of some forty jobs."""

_FSYNC = 2
"""IOCB_CMD_FSYNC."""

_COMMAND = struct.Struct("=QQHhIQQqQQ")
"""C{struct iocb} of linux/aio_abi.h: data, key and flags, opcode, priority, descriptor; the rest is
0 for a flush."""

_EVENT = struct.Struct("=QQqq")
"""C{struct io_event}: data, command, result, and one more."""

_OTHERS = (0, 2, 4)
_CALLS = {"x86_64": (206, 209, 208), "aarch64": _OTHERS, "riscv64": _OTHERS}
"""The numbers of io_setup, io_submit and io_getevents, of which the C library has no functions."""

_syscall: Any = getattr(ctypes.CDLL(None, use_errno=True), "syscall", None)


def _call(number: int, *arguments: Any) -> int:
    # Of a system call each argument is a register; what came is below 0 for an error.
    whole = (ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    return int(_syscall(ctypes.c_long(number), *whole))


if _syscall is not None:
    _syscall.restype = ctypes.c_long


class Flushes:
    """Flushes files, where the kernel cannot take many one after the other; for any threads."""

    def __init__(self) -> None:
        known = sys.platform == "linux" and sys.maxsize > 1 << 32 and _syscall is not None
        self._calls = _CALLS.get(platform.machine()) if known else None
        self._free: deque[_Context] = deque()

    def flush(self, descriptors: Sequence[int]) -> list[OSError | None]:
        """
        Put what was written to these files on stable storage, in any order.

        @return: for each why it is not; L{None}: it is.
        """
        found: list[OSError | None] = []
        for start in range(0, len(descriptors), AT_A_TIME):
            found += self._some(descriptors[start : start + AT_A_TIME])
        return found

    def _some(self, descriptors: Sequence[int]) -> list[OSError | None]:
        context = self._context() if len(descriptors) > 1 else None
        if context is None:
            return [_fsync(each) for each in descriptors]
        begun = context.begin(descriptors)
        rest = [_fsync(each) for each in descriptors[begun:]]
        told = context.wait(begun)
        self._free.append(context)
        return told + rest

    def _context(self) -> _Context | None:
        try:
            return self._free.pop()
        except IndexError:
            pass
        if self._calls is not None:
            try:
                return _Context(self._calls)
            except OSError:  # it is forbidden here, or too many have one
                self._calls = None
        return None


class _Context:
    """
    One of the kernel's queues, for one thread at a time.  It ends with the process.

    @raise OSError: there is none.
    """

    def __init__(self, calls: tuple[int, int, int]) -> None:
        setup, self._submit, self._getEvents = calls
        self._context = ctypes.c_ulong(0)
        self._events = ctypes.create_string_buffer(_EVENT.size * AT_A_TIME)
        if _call(setup, AT_A_TIME, ctypes.byref(self._context)) < 0:
            raise _lastError()

    def begin(self, descriptors: Sequence[int]) -> int:
        """Have them flushed.  @return: so many of them; the kernel takes no more."""
        size, many = _COMMAND.size, len(descriptors)
        commands = ctypes.create_string_buffer(size * many)
        for at, each in enumerate(descriptors):
            _COMMAND.pack_into(commands, size * at, at, 0, _FSYNC, 0, each, 0, 0, 0, 0, 0)
        first = ctypes.addressof(commands)
        pointers = (ctypes.c_void_p * many)(*range(first, first + size * many, size))
        return max(_call(self._submit, self._context, many, pointers), 0)

    def wait(self, many: int) -> list[OSError | None]:
        """Wait for so many that were begun.  @return: for each why it failed."""
        told: list[OSError | None] = [None] * many
        missing = many
        while missing:
            came = _call(self._getEvents, self._context, missing, missing, self._events, None)
            if came < 0 and ctypes.get_errno() != errno.EINTR:
                raise _lastError()
            for at in range(came):
                which, _, result, _ = _EVENT.unpack_from(self._events, _EVENT.size * at)
                told[which] = OSError(-result, os.strerror(-result)) if result else None
                missing -= 1
        return told


def _lastError() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def _fsync(descriptor: int) -> OSError | None:
    try:
        os.fsync(descriptor)
    except OSError as why:
        return why
    return None
