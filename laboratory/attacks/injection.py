"""
Commands in clear behind AUTH TLS (A12): somebody in between who cannot read, but write.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from laboratory.attacks.figures import Figures
from laboratory.attacks.victim import GATEWAY, HOSTILE, Victim
from laboratory.attacks.wire import Wire
from tests.support.certificate import selfSigned

_COMMANDS = b"USER mallory\r\nPASS x\r\nCWD PORT1\r\nTYPE I\r\nEPSV\r\nSTOR owned\r\n"


def injections(place: Path, count: int, step: int = 1) -> Figures:
    """Every C{step}-th number of bytes up to C{count}, in one segment with AUTH TLS."""
    tried = went = spoilt = obeyed = 0
    trusted = selfSigned(place)
    context = ssl.create_default_context(cafile=str(trusted))
    with Victim(place, f"--tls-certificate={trusted}", "--max-sessions=50") as victim:
        for length in range(1, count + 1, step):
            tried += 1
            injected = (_COMMANDS * (length // len(_COMMANDS) + 1))[:length]
            with Wire(victim.port, HOSTILE) as wire:
                wire.send(b"AUTH TLS\r\n" + injected)
                assert wire.reply()[:3] == b"234"
                try:
                    wire.socket = context.wrap_socket(wire.socket, server_hostname=GATEWAY)
                    heard = wire.say("STAT")
                except (ssl.SSLError, ConnectionError):
                    spoilt += 1
                    continue
            assert heard.startswith(b"211-"), heard
            obeyed += b"Not logged in" not in heard or b"TYPE A" not in heard
            went += 1
        assert obeyed == 0 and not victim.printer.callers
        assert "mallory" not in victim.gateway.log and "owned" not in victim.gateway.log
    return {
        "lengths of what was injected": tried,
        "obeyed": obeyed,
        "sessions that went on under TLS, knowing nothing of it": went,
        "handshakes spoilt": spoilt,
    }
