"""
The manual pages and the completions of shells, made of the tables that also make the help:
C{python -m docs.manual DIRECTORY}.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from docs import completion
from jetdirect import __version__
from jetdirect.cli import parser
from jetdirect.help import ABOUT, document, fileDocument

_WIDTH = 66
"""Columns of a source line, without its marks: linters complain of more than 80 with them."""

_COMMAND = f"""
NAME
====

jetdirect - a print gateway: FTP in, printer out

SYNOPSIS
========

``jetdirect`` [``--gateway`` WHERE] [``--json``] VERB ...

``jetdirect serve`` OPTIONS

``twistd`` ... ``jetftp`` OPTIONS

DESCRIPTION
===========

{ABOUT}  Its reply can be acted on.  226: the printer has
every byte, or a spool has the job on stable storage (``queued``).  4xx: not one byte reached the
printer; sending again is safe.  5xx: a part may be on paper, or the job was refused for good.

``jetdirect serve`` is a gateway in the foreground; ``twistd jetftp`` is the same as a daemon.  The
other verbs look at a gateway that runs, and steer it, or look at its files.

VERBS
=====

{{verbs}}

EXIT STATUS
===========

0: done.  1: refused, not found, or something is wrong with what was to be looked at.  2: wrong
usage, or no gateway was reached.  ``serve`` and ``twistd jetftp``: 1 if they did not start; a line
on standard error says why.

SIGNALS
=======

Of a gateway.

``SIGTERM``, ``SIGINT``
    Stop: no new sessions; running jobs have ``--drain-timeout`` to finish.
``SIGHUP``
    Read the configuration and the TLS certificate again, as a whole or not at all.
``SIGUSR1``
    Open the log file anew.

ENVIRONMENT
===========

``JETDIRECT_GATEWAY``
    Where the gateway is, if ``--gateway`` does not say so.
``NOTIFY_SOCKET``, ``WATCHDOG_USEC``
    Set by systemd for a gateway that it starts.

FILES
=====

``/etc/jetdirect/gateway.toml``
    The configuration of the service; see gateway.toml(5).
``/run/jetdirect/control``
    Where the command finds the service.  Its user and its group may use it.
``/var/spool/jetdirect``
    The jobs that the service keeps.
"""

_OPTIONS = "OPTIONS OF SERVE AND TWISTD JETFTP"

_SEE_ALSO = {"jetdirect": "gateway.toml(5), twistd(1)", "gateway.toml": "jetdirect(1)"}


def command() -> str:
    """The page jetdirect(1)."""
    _, _, options = document().partition("\n\n")
    _, _, options = options.partition("\n\n")  # where the same can be read
    text = _COMMAND.replace("{verbs}", "\n".join(_verbs()))
    return _page("jetdirect", 1, f"{text}\n{_OPTIONS}\n====\n\n{options}")


def file() -> str:
    """The page gateway.toml(5)."""
    _, _, text = fileDocument().partition("\n\n")
    text = re.sub(r"(?m)^-+$", "====", text)
    head = (
        "NAME\n====\n\ngateway.toml - the configuration file of jetdirect\n\nDESCRIPTION\n====\n\n"
    )
    return _page("gateway.toml", 5, head + text)


def _verbs() -> Iterator[str]:
    for name, each in completion.verbs(parser()):
        words = " ".join(_written(each))
        yield f"``jetdirect {name}`` {words}".rstrip()
        yield f"    {each.description or 'run a gateway in the foreground; its options are below'}"
        for action in each._actions:
            if action.help and action.dest not in ("help", "gateway", "json"):
                yield f"    - {_called(action)}: {action.help}"
    yield "``--gateway`` WHERE"
    yield "    Where the gateway is: a URL, or unix:PATH."
    yield "``--json``"
    yield "    Print the gateway's own answer, for programs."
    yield "``--version``, ``--help``"
    yield "    Print the versions; the verbs, or the words of one."


def _written(verb: argparse.ArgumentParser) -> Iterator[str]:
    for action in verb._actions:
        if action.dest in ("help", "gateway", "json"):
            continue
        optional = action.option_strings or action.nargs == "?"
        yield f"[{_called(action)}]" if optional else _called(action)
    if not verb._actions:
        yield "OPTIONS"


def _called(action: argparse.Action) -> str:
    names = [f"``{each}``" for each in action.option_strings]
    choices = "|".join(map(str, action.choices or ()))
    value = "" if action.nargs == 0 else str(action.metavar or choices)
    return " ".join([*names, *filter(None, [value])])


# From the marks of the documents to those of man(7).


def _page(name: str, section: int, text: str) -> str:
    when = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    lines = [
        f'.TH {name.upper()} {section} {time.strftime("%Y-%m-%d", when)} "jetdirect {__version__}"',
        *_blocks(text),
        ".SH SEE ALSO",
        _SEE_ALSO[name],
    ]
    return "\n".join([*lines, ""])


def _blocks(text: str) -> Iterator[str]:
    literal, headed = "", False
    for block in re.split(r"\n\n+", text.strip("\n")):
        lines = block.splitlines()
        if literal and lines[0].startswith("    "):
            yield from map(_escaped, [*([] if literal == "new" else [""]), *lines])
            literal = "on"
            continue
        if literal:
            yield from [".fi", ".RE"]
            literal = ""
        if len(lines) > 1 and set(lines[1]) in ({"="}, {"-"}):
            yield f"{'.SH' if lines[1][0] == '=' else '.SS'} {_inline(lines[0])}"
            headed = True
            continue
        if lines == ["::"]:
            yield from [".sp", ".RS 4", ".nf"]
            literal = "new"
        elif any(line.startswith(" ") for line in lines):
            yield from _entries(lines)
        else:
            yield from [*([] if headed else [".PP"]), *_filled(" ".join(lines))]
        headed = False
    if literal:
        yield from [".fi", ".RE"]


def _entries(lines: Sequence[str]) -> Iterator[str]:
    for inside, group in groupby(lines, lambda line: line.startswith(" ")):
        if not inside:
            for term in group:
                yield from [".TP", _inline(term)]
            continue
        text, *items = re.split(r"(?:^|\n) {4}- ", "\n".join(group))
        yield from _filled(text)
        if items:
            yield ".RS"
            for item in items:
                name, _, told = " ".join(item.split()).partition(": ")
                yield from [".TP", _inline(name), *_filled(told)]
            yield ".RE"


def _filled(text: str) -> Iterator[str]:
    words = _marked(" ".join(text.split()))
    for line in textwrap.wrap(words, _WIDTH, break_on_hyphens=False, break_long_words=False):
        yield _escaped(line)


def _inline(text: str) -> str:
    return _escaped(_marked(text))


def _marked(text: str) -> str:
    return re.sub(r"``(.+?)``", "\1\\1\2", re.sub(r"\\([*\\])", r"\1", text))


def _escaped(line: str) -> str:
    line = line.replace("\\", r"\e").replace("-", r"\-")
    line = rf"\&{line}" if line[:1] in (".", "'") else line
    return line.replace("\1", r"\fB").replace("\2", r"\fR")


def main(folder: Path) -> None:
    """Write all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "jetdirect.1": command(),
        "gateway.toml.5": file(),
        "jetdirect.bash": completion.bash(),
        "_jetdirect": completion.zsh(),
    }.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
