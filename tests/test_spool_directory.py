"""
What is fit to be a spool, and whose it is.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from jetdirect.spool.directory import SpoolDirectory
from jetdirect.spool.disk import RealDisk
from jetdirect.spool.record import JobPlace
from jetdirect.spool.store import Store
from tests.support.spooled import RECORD


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
    """A user that can write the directory can print in anybody's name."""
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


def test_twoPortsOneDirectory(tmp_path: Path) -> None:
    """A link would let one port print another one's jobs; it is told by its name."""
    store = Store(RealDisk(str(tmp_path)))
    store.addPort("ward3")
    (tmp_path / "ports" / "ward4").symlink_to("ward3")
    with pytest.raises(NotADirectoryError, match="ports/ward4 is a link or a file; each port"):
        store.addPort("ward4")
    assert store.portNames() == ["ward3"]


def test_copied(tmp_path: Path) -> None:
    """Nor does a copy of a directory print its jobs once more."""
    store = Store(RealDisk(str(tmp_path)))
    store.addPort("ward3")
    store.begin("ward3").commit(RECORD)
    shutil.copytree(tmp_path / "ports" / "ward3", tmp_path / "ports" / "ward4")
    store = Store(RealDisk(str(tmp_path)))
    assert len(store.addPort("ward3").jobs[JobPlace.QUEUE]) == 1
    found = store.addPort("ward4")
    assert found.jobs[JobPlace.QUEUE] == []
    one = "queue/00000001"
    assert found.complaints == [
        f"ports/ward4/{one} is also ports/ward3/{one}; it is left, and not printed"
    ]


def test_foreign(tmp_path: Path) -> None:
    """What is nobody's job is told, and left."""
    store = Store(RealDisk(str(tmp_path)))
    store.addPort("ward3")
    for path in ("ports/note", "ports/ward3/note", "ports/ward3/queue/note"):
        (tmp_path / path).write_text("mine")
    assert store.addPort("ward3").complaints == [
        "ports/ward3/note is no place of jobs; it is left",
        "ports/ward3/queue/note is not a job; it is left as it is",
    ]
    assert store.portNames() == ["ward3"]
    assert (tmp_path / "ports/ward3/queue/note").read_text() == "mine"
