"""
What C{twistd} is told about its process, in front of the word C{jetftp}: tried before it becomes a
daemon, and said in one line.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

_LAST_ID = 2**32 - 2
"""The greatest user or group id; to the system calls the next number means C{no change}."""


def checkDaemon(words: Mapping[str, Any], log: str = "") -> None:
    """
    What C{twistd} was told about its process can be done.

    @param words: its own options; those of C{twist} have none of these.
    @param log: the file that the log is going to be written to, if there is one.
    @raise ValueError: it cannot; the message names the option and the remedy.
    """
    for option in ("rundir", "chroot"):
        if words.get(option) and not os.path.isdir(words[option]):
            raise ValueError(f"--{option}={words[option]}: no such directory; make it first")
    for option in ("uid", "gid"):
        number = words.get(option)
        if number is not None and not 0 <= number <= _LAST_ID:
            raise ValueError(f"--{option}={number}: give a name, or a number from 0 to {_LAST_ID}")
    for option in ("uid", "gid", "chroot"):
        if words.get(option) is not None and os.geteuid() != 0:
            raise ValueError(f"--{option}: only root may do that; start it as root, or without it")
    pidfile = words.get("pidfile")
    for option, file in (("pidfile", pidfile), ("logfile", log)):
        if not file:
            continue
        try:
            _tryToWrite(file)
        except OSError as error:
            remedy = f"name another file with twistd --{option}=FILE"
            raise ValueError(f"--{option}={file}: {error.strerror}; {remedy}") from None
    running = _running(pidfile) if pidfile else 0
    if running:
        remedy = "end it, or give each a file of its own with twistd --pidfile=FILE"
        raise ValueError(f"--pidfile={pidfile}: process {running} runs with it; {remedy}")


def _tryToWrite(file: str) -> None:
    new = not os.path.lexists(file)
    os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if new:
        os.unlink(file)


def openLog(file: str) -> str:
    """What is to be said of a log file that is there; empty: nothing."""
    with suppress(OSError):
        mode = os.stat(file).st_mode
        if stat.S_ISREG(mode) and mode & stat.S_IROTH:
            return f"everybody may read {file}, which names senders and jobs; chmod o-r {file}"
    return ""


def _running(pidfile: str) -> int:
    # As twistd looks for it itself, and says so in five lines or a traceback.
    if not os.path.exists(pidfile):
        return 0
    try:
        with open(pidfile, "rb") as file:
            number = int(file.read(20))
        os.kill(number, 0)
    except PermissionError:
        return number
    except (ValueError, OverflowError):
        remedy = "remove it, or name another file with twistd --pidfile=FILE"
        raise ValueError(f"--pidfile={pidfile}: it has no number of a process; {remedy}") from None
    except ProcessLookupError:
        return 0
    return number


@contextmanager
def rightsOfJobs(words: Mapping[str, Any]) -> Iterator[None]:
    """
    Have the rights that jobs will have once C{twistd} has given up root's (C{--uid}, C{--gid}).

    @param words: its options.
    """
    user: int | None = words.get("uid")
    group: int | None = words.get("gid")
    if user is None and group is None:
        yield
        return
    mine = os.getgroups()
    if group is None:
        assert user is not None
        group = pwd.getpwuid(user).pw_gid
    try:
        os.setgroups([group] if user is None else _groups(user, group))
        os.setegid(group)
        os.seteuid(os.geteuid() if user is None else user)
        yield
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())
        os.setgroups(mine)


def _groups(user: int, group: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
    except KeyError:  # a number without a name
        return [group]
