"""
The sender's words in replies: whatever they are, each line of a reply has its code, is printable,
and ends with CR LF; and the names of a session never leave its root.
"""

from __future__ import annotations

import re

from jetdirect.ftp import replies
from jetdirect.ftp.names import StoredNames
from jetdirect.ftp.paths import PathRefused, quoted, resolve, written
from jetdirect.ftp.replies import Name
from jetdirect.ftp.text import decoded, encoded, legible
from jetdirect.portnames import PortNames
from jetdirect.text import SHOWN, presentable, printable

TOKENS = (b"..", b"/PORT1/", b"\x1b[31m", b"\xe2\x80\xae", b"\r226 ", b"{0}", b"%s%n", b'"')

_ASCII = re.compile(rb"([0-9]{3}[ -]|(?<=\n) )[\x20-\x7e]*\r\n")


def check(data: bytes) -> None:
    """C{data} is a name as it came over the wire."""
    text = decoded(data)
    assert encoded(text) == data
    shown = printable(text)
    assert re.fullmatch(r"[ -~]*", shown) and len(shown) <= SHOWN, shown
    assert all(each.isprintable() for each in presentable(text)), text
    ports = PortNames(["PORT1", "PORT2"])
    for reply in (replies.BAD_OPTION(argument=text), replies.NOT_STORED(path=text)):
        assert _ASCII.fullmatch(reply.wire), reply.wire
    try:
        path = resolve(ports, ["PORT2"], text)
    except PathRefused as refused:
        isReply(replies.BAD_PATH(path=refused.path, reason=refused.reason).wire)
        return
    assert not {"", ".", ".."} & {*path} and "/" not in "".join(path), path
    assert path == tuple(map(legible, path)), path
    names = StoredNames(ports, str, lambda: 0.0)
    names.store(path, 1)
    if path and path[0] in ports:
        assert resolve(ports, [], written(path)) == path
    for reply in (replies.MADE(path=Name(quoted(path))), replies.FACTS(facts="", path=Name(text))):
        isReply(reply.wire)


def isReply(said: bytes) -> None:
    """One reply (RFC 959, section 4.2), in UTF-8 (RFC 2640)."""
    lines = said.decode("utf-8").split("\r\n")
    assert lines.pop() == "", said
    code = lines[0][:3]
    assert re.fullmatch(r"[1-5][0-9]{2}", code), said
    assert lines[-1].startswith(f"{code} "), said
    for line in lines[:-1]:
        assert line.startswith((f"{code}-", " ")), said
    assert all(each.isprintable() for line in lines for each in line), said
