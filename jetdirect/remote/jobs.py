"""
The verbs for jobs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote, urlencode

from ..verb import Refused, Verb, number
from . import words
from .history import chosen, filters
from .terminal import width
from .when import moment
from .wire import add, ask


def _declared(parser: argparse.ArgumentParser) -> None:
    add(parser, argparse.SUPPRESS, argparse.SUPPRESS)


def _list(said: argparse.Namespace) -> int:
    wanted = chosen(said, "limit", "before")
    answer = ask(said, "GET", f"/api/jobs?{urlencode(wanted)}")
    if said.json:
        print(json.dumps(answer))
        return 0
    for line in words.jobs(answer["jobs"], width()):
        print(line)
    if answer["next"] is not None:
        print(f"There are more: --before {answer['next']} shows them.")
    return 0


def _filters(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    filters(parser)
    parser.add_argument("--limit", metavar="NUMBER", type=number, help="so many at most")
    parser.add_argument("--before", metavar="N", type=number, help="only lower numbers")


def _show(said: argparse.Namespace) -> int:
    answer = ask(said, "GET", f"/api/jobs/{said.number}")
    print(json.dumps(answer) if said.json else "\n".join(words.everything(answer)))
    return 0


def _number(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("number", metavar="N", type=number, help="the job's number")


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


def _erase(said: argparse.Namespace) -> int:
    if (said.number is None) is (said.before is None):
        raise Refused("say which job, or --before TIME", 2)
    if said.number is not None:
        return _act("erase", said)
    try:
        before = moment(said.before)
    except ValueError as error:
        raise Refused(f"--before={said.before}: {error}", 2) from None
    answer = ask(said, "POST", "/api/jobs/erase", {"before": before})
    many = answer["erased"]
    told = f"{many} job{'' if many == 1 else 's'} that ended before {words.local(before)}: erased"
    print(json.dumps(answer) if said.json else told)
    return 0


def _erased(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("number", metavar="N", type=number, nargs="?", help="the job's number")
    parser.add_argument("--before", metavar="TIME", help="all jobs that ended before that instead")


def _to(said: argparse.Namespace) -> dict[str, object]:
    return {"to": said.to}


def _places(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("--all", action="store_true", help="all jobs of the port FROM")
    parser.add_argument("what", metavar="N|FROM", help="the job's number, or the port with --all")
    parser.add_argument("to", metavar="PORT", help="where they print instead")


_ONE = {
    "cancel": "end a job that has not ended",
    "hold": "keep a waiting job from printing until it is released",
    "release": "let a held job print; one that may be half printed prints whole",
    "reprint": "print an ended job again, as a new one (needs --keep)",
    "next": "let a waiting job be the next one of its port",
}

VERBS = (
    Verb("jobs", "list the jobs, the newest first", _list, _filters),
    Verb("show", "show all that is known of a job", _show, _number),
    *(Verb(name, text, partial(_act, name), _number) for name, text in _ONE.items()),
    Verb("erase", "remove an ended job's bytes, and all names from its record", _erase, _erased),
    Verb("move", "let waiting or held jobs print at another port", _move, _places),
)
"""In the order of the help."""
