"""
The verbs for jobs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote, urlencode

from ..verb import Refused, Verb
from . import words
from .wire import add, ask


def _declared(parser: argparse.ArgumentParser) -> None:
    add(parser, argparse.SUPPRESS, argparse.SUPPRESS)


def _list(said: argparse.Namespace) -> int:
    names = ("port", "state", "limit", "before")
    wanted = {name: value for name in names if (value := getattr(said, name)) is not None}
    answer = ask(said, "GET", f"/api/jobs?{urlencode(wanted)}")
    if said.json:
        print(json.dumps(answer))
        return 0
    for line in words.jobs(answer["jobs"]):
        print(line)
    if answer["next"] is not None:
        print(f"There are more: --before {answer['next']} shows them.")
    return 0


def _filters(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("--port", metavar="PORT", help="only those of this printing port")
    parser.add_argument("--state", metavar="STATE", help="such as pending, or aborted (RFC 8011)")
    parser.add_argument("--limit", metavar="NUMBER", type=int, help="so many at most")
    parser.add_argument("--before", metavar="N", type=int, help="only lower numbers")


def _show(said: argparse.Namespace) -> int:
    answer = ask(said, "GET", f"/api/jobs/{said.number}")
    print(json.dumps(answer) if said.json else "\n".join(words.everything(answer)))
    return 0


def _number(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("number", metavar="N", type=int, help="the job's number")


def _act(verb: str, said: argparse.Namespace, body: Mapping[str, object] | None = None) -> int:
    answer = ask(said, "POST", f"/api/jobs/{said.number}/{verb}", body)
    if said.json:
        print(json.dumps(answer))
        return 0
    told = f"job {answer['number']} on {answer['port']}: {answer['state']}"
    reason = f" ({answer['reason']})" if answer["reason"] else ""
    print(words.word(told + reason))
    return 0


def _move(said: argparse.Namespace) -> int:
    if not said.all:
        if not (said.what.isascii() and said.what.isdigit()):
            raise Refused(f"{said.what}: no job's number; or say move --all FROM TO", 2)
        return _act("move", argparse.Namespace(**{**vars(said), "number": said.what}), _to(said))
    answer = ask(said, "POST", f"/api/ports/{quote(said.what, '')}/move", _to(said))
    told = f"{answer['moved']} jobs of {said.what} are moved to {said.to}"
    print(json.dumps(answer) if said.json else words.word(told))
    return 0


def _to(said: argparse.Namespace) -> dict[str, object]:
    return {"to": said.to}


def _places(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("--all", action="store_true", help="all jobs of the port FROM")
    parser.add_argument("what", metavar="N|FROM", help="the job's number, or the port with --all")
    parser.add_argument("to", metavar="PORT", help="where they print instead")


_ONE = {
    "cancel": "end a job that has not ended",
    "hold": "let a waiting job wait for a person",
    "release": "let a held job print; one that may be half printed, whole",
    "reprint": "print an ended job again, as a new one (needs --keep)",
    "next": "let a waiting job be the next one of its port",
    "erase": "remove an ended job's bytes, and all names from its record",
}

VERBS = (
    Verb("jobs", "list the jobs, the newest first", _list, _filters),
    Verb("show", "show all that is known of a job", _show, _number),
    *(Verb(name, text, partial(_act, name), _number) for name, text in _ONE.items()),
    Verb("move", "let waiting or held jobs print at another port", _move, _places),
)
"""In the order of the help."""
