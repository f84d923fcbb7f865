"""
Try every client in every mode and write the table of what came of it: docs/evidence/clients.rst.

    python -m laboratory.clients.table > docs/evidence/clients.rst
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from laboratory.clients.matrix import BINARY, Client, Outcome, attempt, pairs
from tests.support.modes import IPV4, IPV6, Mode, Way
from tests.support.packages import Missing
from tests.support.printservice import PrintService

_COLUMNS = [
    *[(way, IPV4) for way in Way],
    (Way.EPSV, IPV6),
    (Way.EPRT, IPV6),
]
_HEADING = ["client", "version", "connections"]

_INTRODUCTION = """\
Clients that print
==================

Made by ``python -m laboratory.clients.table > docs/evidence/clients.rst`` from real uploads to a
gateway with one printer on TCP port 9100: a file of {size} bytes with every byte in it, and for
ASCII one short text.  ``laboratory/clients/install`` fetches the clients (Debian 12, PyPI, npm).

========= ==========================================================================================
226       the printer got one job, byte for byte; the client showed the reply 226 and exited with
          success
ok        the same, but the client does not show replies
other     the last reply to the upload, and a note; the client told its caller that it failed
\\-        the client has no such mode
========= ==========================================================================================

PASV, EPSV, PORT and EPRT are the commands that the client sent, over IPv4; then EPSV and EPRT over
IPv6.  "ASCII" is TYPE A over a plain connection.

"""

_SCANNERS = """\


What a scanner finds
--------------------

``docs/evidence/nmap.txt`` is the whole output of ``nmap -sV --script "ftp-*"`` against a gateway,
made by ``python -m laboratory.clients.scan > docs/evidence/nmap.txt``.

- It knows the device by its greeting, and takes the gateway for the original.
- ``ftp-anon`` reports that anybody may log in and write: that is the device.  ``--auth`` changes
  it, and so does a firewall.
- ``ftp-brute`` finds that every guess is right, for the same reason.
- ``ftp-bounce`` is refused with 504: a data connection goes to the host that asks for it, to a port
  of 1024 or higher, or nowhere.
- ``ftp-syst`` shows what ``SYST`` and ``STAT`` say before a login: nothing of the printers.
- Nothing was printed by it.
"""


def _cell(client: Client, mode: Mode, outcome: Outcome, notes: list[str]) -> str:
    if outcome.believed and outcome.exact:
        return outcome.reply or "ok"
    note = client.limits.get(mode, f"{client.name}, {mode}: unexpected; {outcome.told}")
    if note not in notes:
        notes.append(note)
    return f"{outcome.reply or 'fails'} [{notes.index(note) + 1}]_"


def _version(client: Client) -> str:
    try:
        return client.version()
    except Missing:
        return "?"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [list(heading), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    rule = " ".join("=" * width for width in widths)
    shown = [
        " ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return [rule, shown[0], rule, *shown[1:], rule]


def _rows(service: PrintService, notes: list[str], missing: list[str]) -> list[list[str]]:
    cells: dict[tuple[str, str], dict[tuple[Way, str], str]] = {}
    versions: dict[str, str] = {}
    for client, mode in pairs():
        print(f"{client.name}: {mode}", file=sys.stderr)
        try:
            outcome = attempt(service, client, mode)
        except Missing as why:
            if str(why) not in missing:
                missing.append(str(why))
            continue
        versions[client.name] = versions.get(client.name) or _version(client)
        kind = "ASCII" if mode.ascii else str(mode.tls)
        row = cells.setdefault((client.name, kind), {})
        row[mode.way, mode.host] = _cell(client, mode, outcome, notes)
    return [
        [name, versions[name], kind, *[row.get(column, "\\-") for column in _COLUMNS]]
        for (name, kind), row in cells.items()
    ]


def document() -> str:
    """The whole page."""
    notes: list[str] = []
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as directory, PrintService(Path(directory)) as service:
        rows = _rows(service, notes, missing)
    families = [f"{way}{'' if host == IPV4 else ' v6'}" for way, host in _COLUMNS]
    lines = [
        _INTRODUCTION.format(size=len(BINARY)).rstrip(),
        "",
        *_table([*_HEADING, *families], rows),
        "",
    ]
    for number, note in enumerate(notes, start=1):
        lines += textwrap.wrap(f".. [{number}] {note}", 100, subsequent_indent="   ")
    lines += [f"Not tried: {why}." for why in missing]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n" + _SCANNERS.rstrip("\n")


if __name__ == "__main__":
    print(document())
