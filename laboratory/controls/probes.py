"""
Do everything that servers are known to fail to several servers, this gateway among them:

    python -m laboratory.controls.probes --table docs/evidence/probes.rst
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from laboratory.controls import commands, transfers
from laboratory.controls.daemons import Proftpd, Pyftpdlib, Twisted, Vsftpd
from laboratory.controls.ours import Ours
from laboratory.controls.server import Server
from laboratory.controls.table import Column, page
from laboratory.controls.verdict import Probe, Verdict
from tests.support.packages import Missing

#: The servers by their short names, ours first.
SERVERS: dict[str, Callable[[Path], Server]] = {
    "ours": lambda directory: Ours(directory, "--drain-timeout=0.5"),
    "twisted": lambda _: Twisted(),
    "pyftpdlib": lambda _: Pyftpdlib(),
    "vsftpd": lambda _: Vsftpd(),
    "proftpd": lambda _: Proftpd(),
}


def probes(flood: int = 64 * transfers.MIB, tries: int = 5) -> list[Probe]:
    """
    All of them, in the order in which a server has to stand them.

    @param flood: bytes that are pushed at a server which did not ask for them.
    @param tries: how many clients are killed.
    """
    some = functools.partial
    return [
        Probe("data connection reset in mid-upload", "no 2xx", transfers.dataReset),
        Probe(
            "control connection lost, the data go on",
            "the next 1,000,000 bytes are not taken, nor recorded as complete",
            transfers.controlLost,
        ),
        Probe(
            "client killed with SIGKILL in mid-upload",
            "never recorded as complete",
            some(transfers.killedSenders, tries=tries),
        ),
        Probe("stopped with SIGTERM in mid-upload", "no 2xx", transfers.stopped, last=True),
        Probe(
            "the printer reads nothing, or resets after the job",
            "no 2xx",
            transfers.unprinted,
        ),
        Probe(
            "passive data connection from another host",
            "not one byte of it is taken",
            transfers.otherHost,
        ),
        Probe("PORT to a third host", "refused, no connection", commands.thirdHost),
        Probe("PORT to a privileged port", "refused, no connection", commands.privilegedPort),
        Probe("EPRT with a host name", "refused, no connection", commands.hostName),
        Probe("PORT without a transfer", "no connection yet", commands.dialsEarly),
        Probe(
            "data are pushed without STOR",
            f"{flood >> 20} MiB make it grow by less than {transfers.GROWTH >> 20} MiB",
            some(transfers.flood, size=flood),
        ),
        Probe("ABOR in mid-upload", "is answered before the data end", transfers.aborted),
        Probe("TYPE A upload", "every byte as it was sent", transfers.textUnchanged),
        Probe("reply forged by USER with LF, ESC", "not echoed", commands.forgedReply),
        Probe("log forged by USER, STOR with LF, ESC", "no such byte or line", commands.forgedLog),
        Probe("HTTP POST, then USER, PASS", "no login; closed", commands.httpTalk),
        Probe("TLS, SSH, SMTP, then USER, PASS", "no login; closed", commands.otherTalk),
        Probe(
            "line of 20,000 bytes",
            "one 500 and the next command is answered, or closed",
            commands.longLine,
        ),
        Probe(
            "line without an end",
            f"16 MiB make it grow by less than {transfers.GROWTH >> 20} MiB",
            commands.endlessLine,
        ),
    ]


def judged(server: Server, probe: Probe) -> Verdict:
    """Run one probe; one that cannot be ended has no verdict."""
    try:
        return probe.run(server)
    except Exception as problem:
        traceback.print_exc()
        return Verdict(None, f"{type(problem).__name__}: {problem}"[:100], ended=False)


def column(name: str, rows: Sequence[Probe]) -> Column | None:
    """Run all probes against one server; None if it is not installed."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            server = SERVERS[name](Path(directory))
        except Missing as why:
            print(f"absent: {why}", file=sys.stderr)
            return None
        verdicts: dict[str, Verdict] = {}
        with server:
            for probe in sorted(rows, key=lambda probe: probe.last):
                verdicts[probe.title] = judged(server, probe)
                print(f"{name}: {probe.title}: {verdicts[probe.title]}", file=sys.stderr)
        return Column(name, server.title, [verdicts[probe.title] for probe in rows])


def _columns(names: Sequence[str], rows: Sequence[Probe]) -> Iterator[Column]:
    # Most of the time is waiting for what must not come.
    with ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(lambda name: column(name, rows), names))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 if our own column is not safe throughout."""
    parser = argparse.ArgumentParser(
        prog="python -m laboratory.controls.probes", description=__doc__
    )
    parser.add_argument("--server", action="append", choices=SERVERS, help="default: all")
    parser.add_argument("--flood", type=int, default=64, metavar="MIB", help="default 64")
    parser.add_argument("--tries", type=int, default=5, help="clients to kill; default 5")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write a page about it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts")
    options = parser.parse_args(arguments)
    rows = probes(options.flood * transfers.MIB, options.tries)
    columns = list(_columns(options.server or list(SERVERS), rows))
    if options.table is not None:
        options.table.write_text(page(rows, columns))
    if options.json is not None:
        options.json.write_text(
            json.dumps({one.title: one.told(rows) for one in columns}, indent=2) + "\n"
        )
    own = [verdict for one in columns if one.name == "ours" for verdict in one.verdicts]
    print(f"ours: {sum(verdict.safe is True for verdict in own)} of {len(own)} safe")
    return int(not all(verdict.safe for verdict in own))


if __name__ == "__main__":
    sys.exit(main())
