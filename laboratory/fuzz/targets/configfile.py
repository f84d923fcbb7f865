"""
A configuration file: a wrong one is refused in sentences that name it and its line, without the
secrets that it holds; of a right one a gateway's configuration is made, and made again of the same
transports.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.testing import MemoryReactorClock

from jetdirect.commandline import FILE_OPTIONS, NOTIFY_OPTIONS, PORT_OPTIONS
from jetdirect.compose import composed
from jetdirect.configfile import readFile
from jetdirect.words import Wrong

_KEYS = sorted(
    {option.name for option in (*FILE_OPTIONS, *PORT_OPTIONS, *NOTIFY_OPTIONS)} - {"spool"}
)

TOKENS = (
    *(b"\n%b = " % key.encode() for key in _KEYS),
    *(b'"socket://a:9100"', b'"ward3"', b"true", b'"5m"', b"[[printer]]\n", b"[defaults]\n"),
    *(b"[notify]\n", b'"a@b"', b'"smtp://h"', b'"smtps://u@h?password-file=x"', b'"https://h/x"'),
    *(b'"""', b"'''", b"[", b"]", b"{", b"}", b"\\u0000", b"#", b"1979-05-27", b'["10.0.0.0/8"]'),
)

_SECRET = "opensesame"


def check(data: bytes) -> None:
    """C{data} is the file."""
    if b"/dev" in data or b"/proc" in data or b".." in data:
        return  # some devices never end, and a pattern may be everybody's files
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "gateway.toml")
        file.write_bytes(data)
        reactor: Any = MemoryReactorClock()
        try:
            made = composed(readFile(reactor, str(file)))
        except Wrong as wrong:
            assert wrong.sentences
            for sentence in wrong.sentences:
                place = re.escape(str(file))
                assert re.match(rf"{place}(:\d+)?: .", sentence), sentence
                assert f":{_SECRET}" not in sentence, sentence
            return
        assert made.ports and len({port.name.upper() for port in made.ports}) == len(made.ports)
        again = composed(readFile(reactor, str(file)), made)
        assert all(a.transport is b.transport for a, b in zip(made.ports, again.ports, strict=True))
