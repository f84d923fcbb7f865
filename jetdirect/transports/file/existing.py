"""
A file or a named pipe that is there already, and that one job after the other gets for itself.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable


def kindOf(path: str) -> int:
    """
    What is there: C{stat.S_IFREG}, C{stat.S_IFIFO} and so on, or 0 for nothing; links are not
    followed.
    """
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return 0


def check(path: str) -> None:
    """
    Look at it before the first job.

    @raise ValueError: it cannot be used, or everybody could put something between the jobs.
    """
    mode = os.lstat(path).st_mode
    if stat.S_ISCHR(mode):
        remedy = f"write parallel:{path}, usb:{path} or serial:{path}, as it is one of these"
        raise ValueError(f"{path} is a device; {remedy}")
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        raise ValueError(f"{path} is neither a directory nor a file nor a named pipe; name one")
    if mode & stat.S_IWOTH:
        raise ValueError(f"everybody may write into {path}; chmod o-w {path}")
    if not os.access(path, os.W_OK):
        remedy = "give this user the right to write there"
        raise ValueError(f"no permission to write into {path}; {remedy}")


def take(path: str, expected: Callable[[int], bool]) -> int:
    """
    Open it for one job, and lock it against other programs that lock it, too (flock).

    It never waits, whatever is there by now: a named pipe without a reader fails with ENXIO.

    @param expected: C{stat.S_ISREG} or C{stat.S_ISFIFO}.
    @return: a descriptor that does not block; closing it unlocks.
    @raise OSError: it cannot be had; C{strerror} says why.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if not expected(mode):
            raise OSError(errno.EINVAL, "it is something else by now")
        if mode & stat.S_IWOTH:
            raise OSError(errno.EPERM, "everybody may write into it")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(errno.EBUSY, "it is in use by another program") from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
