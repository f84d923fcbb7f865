"""
Which blocks of a disk a file has, and which write put them there: so no bytes are hashed twice.

At nearly every power cut nearly all jobs lie in the blocks in which they lay at the one before.  A
file whose size, extents and blocks are the same has the same bytes, whoever reads it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from array import array
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from .recording import Write

BLOCK = 4096
READ_ANYWAY = 0.01
"""Share of the files with known bytes that are read all the same (chosen)."""

_FIEMAP = 0xC020660B  # linux/fiemap.h, all of these
_SYNC, _LAST, _SHARED = 1, 0x1, 0x2000
_UNCLEAR = 0x2 | 0x4 | 0x8 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
"""Unknown, delayed, encoded, encrypted, not aligned, inline, tail, unwritten."""
_ENTRIES = 256


class Extent(NamedTuple):
    """
    A piece of a file, in bytes.

    @ivar start: where in the file.
    @ivar at: where on its device.
    @ivar flags: of linux/fiemap.h.
    """

    start: int
    at: int
    size: int
    flags: int


def extents(file: int) -> Iterator[Extent]:
    """The pieces of an open file, in their order.  @raise OSError: the file system cannot say."""
    start, isLast = 0, False
    while not isLast:
        wanted = bytearray(32 + 56 * _ENTRIES)
        struct.pack_into("<QQIIII", wanted, 0, start, (1 << 64) - 1 - start, _SYNC, 0, _ENTRIES, 0)
        fcntl.ioctl(file, _FIEMAP, wanted)
        count = struct.unpack_from("<I", wanted, 20)[0]
        if not count:
            return
        for number in range(count):
            logical, at, size, _, _, flags = struct.unpack_from("<QQQQQI", wanted, 32 + 56 * number)
            yield Extent(logical, at, size, flags)
            start, isLast = logical + size, bool(flags & _LAST)


class Blocks:
    """
    The blocks of a disk, each by the write that filled it.

    @ivar filled: for each block where its bytes are in the log of writes; 0: that is not known.
    """

    def __init__(self, size: int) -> None:
        self.filled = array("Q", bytes(8 * (size // BLOCK)))

    def copy(self) -> Blocks:
        """The same blocks, which may change from now on."""
        other = Blocks(0)
        other.filled = self.filled[:]
        return other

    def write(self, write: Write) -> None:
        """These blocks are filled by that; one that is filled in part is not known any more."""
        end = write.start + write.size
        for block in {write.start // BLOCK, (end - 1) // BLOCK} if write.size else ():
            self.filled[block] = 0
        first, behind = -(-write.start // BLOCK), end // BLOCK
        if first < behind:
            at = write.at + first * BLOCK - write.start
            places = range(at, at + (behind - first) * BLOCK, BLOCK)
            self.filled[first:behind] = array("Q", places)

    def forget(self, written: Iterable[Extent]) -> None:
        """What somebody else has written is not known; the pieces are those of the disk's file."""
        for each in written:
            if not each.flags & _SHARED:
                first, behind = each.start // BLOCK, -(-(each.start + each.size) // BLOCK)
                behind = min(behind, len(self.filled))
                self.filled[first:behind] = array("Q", bytes(8 * max(0, behind - first)))

    def identity(self, path: str) -> bytes | None:
        """What two files share that have the same bytes for sure; C{None}: it must be read."""
        file = os.open(path, os.O_RDONLY)
        try:
            size, pieces = os.fstat(file).st_size, list(extents(file))
        except OSError:
            return None
        finally:
            os.close(file)
        told, behind = [struct.pack("<Q", size)], 0
        for each in pieces:
            if behind >= size:
                break  # room for more bytes, which no reader sees
            if each.flags & _UNCLEAR or each.start != behind or each.at % BLOCK:
                return None
            behind += each.size
            first = each.at // BLOCK
            filled = self.filled[first : first + each.size // BLOCK]
            if 0 in filled:
                return None
            told.append(filled.tobytes())
        return b"".join(told) if behind >= size else None


class Hashes:
    """
    The hashes of files that were read before.

    @ivar read: how many files were read for their hash.
    """

    def __init__(self, dice: Random) -> None:
        self._known: dict[bytes, str] = {}
        self._dice = dice
        self.read = 0

    def of(self, blocks: Blocks, path: str) -> str | None:
        """The sha256 of a file, in hexadecimal; C{None}: there is no such file."""
        if not os.path.exists(path):
            return None
        identity = blocks.identity(path)
        known = None if identity is None else self._known.get(identity)
        if known is not None and self._dice.random() >= READ_ANYWAY:
            return known
        self.read += 1
        with open(path, "rb") as file:
            told = hashlib.file_digest(file, "sha256").hexdigest()
        if known is not None and told != known:
            raise AssertionError(f"{path}: the blocks are the same and the bytes are not")
        if identity is not None:
            self._known[identity] = told
        return told
