"""
Answers over HTTP: nothing but L{ValueError} is raised, in printable words; whole or byte by byte
they mean the same; and what a server asks for can be answered.
"""

from __future__ import annotations

from collections.abc import Iterable

from jetdirect.transports.ipp.credentials import Credentials, challenges
from jetdirect.transports.ipp.http import LONGEST_CONTENT, LONGEST_FRAMING, Post

TOKENS = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 401\r\n",
    b"Content-Length: 4\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n',
    b"4;x=y\r\nabcd\r\n",
    b"0\r\n\r\n",
    b"\r\n\r\n",
)


def check(data: bytes) -> None:
    """C{data} is what a server answers until it closes the connection."""
    whole = _read([data])
    pieces = _read(data[at : at + 1] for at in range(len(data)))
    assert _meaning(whole) == _meaning(pieces)
    if whole is None:
        return
    assert len(whole.content) <= LONGEST_CONTENT + LONGEST_FRAMING
    credentials = Credentials("bob", "secret")
    if not credentials.refused(
        credentials.attempt("/"), challenges(whole.field("WWW-Authenticate"))
    ):
        Post().begin("/", "printer", credentials.attempt("/").headers, None)


def _read(pieces: Iterable[bytes]) -> Post | None:
    post = Post()
    post.begin("/", "printer", {}, None)
    try:
        for piece in pieces:
            post.receive(piece)
        post.close()
    except ValueError as why:
        assert str(why).isprintable()
        return None
    return post


def _meaning(post: Post | None) -> object:
    return post and (post.whole, post.code, bytes(post.content), post.unread)
