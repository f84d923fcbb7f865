"""
What is fit to be a spool, and whose it is.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jetdirect.spool.directory import SpoolDirectory


def mount(point: Path | str, kind: str, number: str = "0:99") -> str:
    """A line of mountinfo."""
    return f"36 35 {number} / {point} rw,noatime master:1 - {kind} server:/export rw\n"


def test_made(tmp_path: Path) -> None:
    """A directory that is not there is made, private, and can be given back."""
    taken = SpoolDirectory(str(tmp_path / "spool"), [])
    assert taken.durable
    assert os.stat(taken.path).st_mode & 0o777 == 0o700
    taken.release()
    taken.release()
    SpoolDirectory(taken.path, []).release()


def test_taken(tmp_path: Path) -> None:
    """Of two gateways with one directory the second is refused."""
    taken = SpoolDirectory(str(tmp_path), [])
    with pytest.raises(ValueError, match="another gateway has this spool; end it, or give each"):
        SpoolDirectory(str(tmp_path), [])
    taken.release()


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_othersMayWrite(tmp_path: Path, mode: int) -> None:
    """Who can write the directory can print in anybody's name."""
    tmp_path.chmod(mode)
    with pytest.raises(ValueError, match="others can write it, and so print; chmod go-w it"):
        SpoolDirectory(str(tmp_path), [])


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p"])
def test_remote(tmp_path: Path, kind: str) -> None:
    """A remote file system is refused by its name."""
    with pytest.raises(ValueError, match=f"a file system of kind {kind} keeps no promise"):
        SpoolDirectory(str(tmp_path), [mount("/", "ext4"), mount(tmp_path, kind)])


def test_volatile(tmp_path: Path) -> None:
    """On a RAM disk a job is not safe, and that is known."""
    taken = SpoolDirectory(str(tmp_path), [mount("/", "ext4"), mount(tmp_path, "tmpfs")])
    assert not taken.durable
    taken.release()


def test_device(tmp_path: Path) -> None:
    """What has the device's number counts, whatever is mounted near it."""
    found = os.stat(tmp_path).st_dev
    number = f"{os.major(found)}:{os.minor(found)}"
    taken = SpoolDirectory(
        str(tmp_path), [mount(tmp_path, "nfs"), mount("/elsewhere", "xfs", number)]
    )
    assert taken.durable
    taken.release()


def test_notThere(tmp_path: Path) -> None:
    """What cannot be made is said."""
    with pytest.raises(ValueError, match="No such file or directory; name a directory"):
        SpoolDirectory(str(tmp_path / "a" / "b"))
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="File exists; name a directory"):
        SpoolDirectory(str(tmp_path / "file"))


def test_thisMachine(tmp_path: Path) -> None:
    """The kernel's own list of file systems can be read."""
    SpoolDirectory(str(tmp_path)).release()
