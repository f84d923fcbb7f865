"""
What Python has no call for: mounting, and copying a file without copying its blocks.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_FICLONE = 0x40049409  # linux/fs.h
_MNT_DETACH = 2  # linux/fs.h
_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, options: str = "") -> None:
    """mount(2).  @raise OSError: it cannot be mounted."""
    if _libc.mount(source.encode(), target.encode(), kind.encode(), 0, options.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), source)


def unmount(target: str, lazily: bool = False) -> None:
    """umount(2).  @raise OSError: it is in use, and that was not to be waited for."""
    if _libc.umount2(target.encode(), _MNT_DETACH if lazily else 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def clone(source: int, target: int) -> None:
    """Give one open file the content of another; they share their blocks until one changes."""
    fcntl.ioctl(target, _FICLONE, source)


@contextmanager
def loop(path: str) -> Iterator[str]:
    """A block device on a file."""
    device = run("losetup", "--show", "--find", path).strip()
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def mounted(source: str, target: str, kind: str, options: str = "") -> Iterator[str]:
    """A file system while it is needed, on a directory that is made for it."""
    os.makedirs(target, exist_ok=True)
    mount(source, target, kind, options)
    try:
        yield target
    except BaseException:
        unmount(target, lazily=True)
        raise
    unmount(target)


def run(*words: str) -> str:
    """Run a program.  @raise RuntimeError: it failed; its words."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
