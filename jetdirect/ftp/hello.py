"""
Does a data connection begin with the handshake of TLS?  No I/O.
"""

from __future__ import annotations

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_RECORD = 6  # type, version (2), length (2), and the first byte of the message
_OLD_THIRD = b"", bytes([_CLIENT_HELLO])
_OLD_HEADER = 11  # of SSL 2.0's hello: length (2), type, version (2), three lengths (2 each)


def beginsTLS(head: bytes) -> bool | None:
    """
    Is this the beginning of a ClientHello?

    That of TLS, in a record (RFC 8446, sections 4.1.2 and 5.1), or in the form of SSL 2.0 that
    older clients send first (RFC 5246, appendix E.2).

    @param head: the first bytes, any number of them.
    @return: L{None}: too few to tell.
    """
    if head and head[0] != _HANDSHAKE and (head[0] < 0x80 or head[2:3] not in _OLD_THIRD):
        return False  # as nearly all jobs
    answers = {_looksLikeRecord(head), _looksLikeOldHello(head)}
    if True in answers:
        return True
    return None if None in answers else False


def _looksLikeRecord(head: bytes) -> bool | None:
    known = {0: (_HANDSHAKE,), 1: (3,), 2: range(5), 5: (_CLIENT_HELLO,)}
    if any(at < len(head) and head[at] not in allowed for at, allowed in known.items()):
        return False
    return True if len(head) >= _RECORD else None


def _looksLikeOldHello(head: bytes) -> bool | None:
    known = {0: range(0x80, 0x100), 2: (_CLIENT_HELLO,), 3: (0, 3), 4: range(5)}
    if any(at < len(head) and head[at] not in allowed for at, allowed in known.items()):
        return False
    if len(head) < _OLD_HEADER:
        return None
    length = int.from_bytes(head[:2], "big") & 0x7FFF
    parts = [int.from_bytes(head[at : at + 2], "big") for at in (5, 7, 9)]
    return length == _OLD_HEADER - 2 + sum(parts)
