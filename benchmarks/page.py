"""
The whole page: how it was measured, where, beside whom, and the table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from benchmarks.figures import counts
from benchmarks.servers.bare import Bare
from benchmarks.servers.haproxy import Haproxy
from benchmarks.servers.ours import Ours
from benchmarks.servers.pyftpdlib import Pyftpdlib, WaitingPyftpdlib
from benchmarks.servers.server import Server
from benchmarks.servers.splice import Splice
from benchmarks.servers.stock import Stock
from benchmarks.servers.vsftpd import Vsftpd
from benchmarks.table import Row, written

SERVERS: list[type[Server]] = [
    Ours,
    Stock,
    Pyftpdlib,
    WaitingPyftpdlib,
    Vsftpd,
    Haproxy,
    Splice,
    Bare,
]

_WIDTH = 100

_TEXT = """\
Speed
=====

Made by ``{command}``; do not edit.  ``profile.rst`` says why what is
missed is missed.

Sender, server and printer share this machine, each in processes of its own; the servers' processor
time is theirs alone (user and system, sessions and hooks included).  The sender sends
from memory without a copy (sendfile), the printer discards what it gets without one (MSG_TRUNC) and
closes when it sees the end.  The number of its bytes is compared each time, with ``--hash`` their
SHA-256.  A job lasts from its sender's connection until the sender has the reply and the printer
the last byte.

Each figure is the median of the rounds, with least and most: 5 of them, or what ``--rounds`` says,
and three times as many of bulk, relay, paced and streams, which differ most from one to the next.
Servers are measured in turn, A B C A B C, after a round that is not counted.  The ratio is ours to
theirs, the median of the rounds' ratios: absolute figures move with what else the machine does, the
ratio much less.

User instructions (valgrind --tool=cachegrind) and system calls (strace -c) are counted, not timed:
what the later sessions of {more} cost more than those of {few}, divided by their number.  They
need no quiet machine.

"""


def page(
    command: str, where: Sequence[str], rows: Sequence[Row], failed: Sequence[str] = ()
) -> str:
    """
    In reStructuredText.

    @param where: facts about the machine.
    @param failed: figures that could not be had, and why.
    """
    facts = [*where, *map(_about, SERVERS), *(f"NOT MEASURED: {each}" for each in failed)]
    told = "\n".join(textwrap.fill(f"- {each}", _WIDTH, subsequent_indent="  ") for each in facts)
    return "".join(
        [
            _TEXT.format(command=command, few=counts.FEW, more=counts.MORE),
            told,
            "\n\n",
            written(rows),
        ]
    )


def _about(server: type[Server]) -> str:
    version = server.version()
    if version is None:
        return f"{server.name}: absent; {server.packages}"
    return f"{server.name} ({version}): {server.settings}"
