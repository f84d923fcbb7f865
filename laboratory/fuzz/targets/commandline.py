"""
The command line: a wrong one is refused by one of Twisted's usage errors, and of a right one a
gateway can be made whose limits make sense.
"""

from __future__ import annotations

import contextlib
import io

from twisted.internet.testing import MemoryReactorClock
from twisted.python import usage

from jetdirect.ftp.address import FIRST_UNPRIVILEGED
from jetdirect.tap import Options, makeService

_OPTIONS = """
    active-nat active-port allow busy-timeout connect-timeout control-loss-grace data-from
    data-idle-timeout drain-timeout greeting
    idle-timeout max-job-bytes max-sessions max-sessions-per-host passive-address passive-inside
    passive-ports port printer profile
"""

TOKENS = (
    *(b"--%b=" % option.encode() for option in _OPTIONS.split()),
    *(b"tcp:2121", b"socket://a:9100", b"haproxy:", b"tls:990", b"--fire-and-forget", b"-p", b"\n"),
)


def check(data: bytes) -> None:
    """C{data} holds one word a line, as the shell passes them."""
    words = data.decode("utf-8", "surrogateescape").split("\n")
    if any("\0" in word or "/dev" in word for word in words):
        return  # no shell passes a NUL, and some devices never end
    options = Options(MemoryReactorClock())
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            options.parseOptions(words)
        except usage.UsageError as error:
            assert str(error), words
            return
        except SystemExit as end:
            assert end.code in (None, 0), (words, end.code)  # --help, --version
            return
        gateway = makeService(options)
    settings = gateway.factory.settings
    assert gateway.factory.limit > 0 and len(gateway.server.ports) > 0, words
    assert settings.maxSessionsPerHost is None or settings.maxSessionsPerHost > 0, words
    times = (settings.idleTimeout, settings.dataIdle, settings.drainTimeout)
    assert all(0 <= seconds <= 366 * 24 * 3600 for seconds in times), (words, times)
    assert all(FIRST_UNPRIVILEGED <= port < 65536 for port in settings.passivePorts), words
    assert settings.greeting.isascii() and settings.greeting.isprintable(), words
