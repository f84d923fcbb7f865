"""
The verb C{history}: jobs that have ended, and accounting.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from ..verb import Refused, Verb, number
from . import words
from .terminal import width
from .when import moment
from .wire import add, ask

COLUMNS = ("day", "user", "host", "port", "jobs", "bytes", "pages", "failed")
"""The columns of the CSV, in this order."""

PAGE = 1000
"""What is asked for at a time: as much as the gateway answers at once."""

SHOWN = 100
"""Jobs that are listed, if nothing says which (chosen)."""

_FORMULAS = {"=", "+", "-", "@"}

_CHOSEN = ("port", "state", "user", "host", "since", "until", "q")


def filters(parser: argparse.ArgumentParser) -> None:
    """Say which words choose jobs."""
    parser.add_argument("--port", metavar="PORT", help="only those of this printing port")
    parser.add_argument("--state", metavar="STATE", help="such as pending, or aborted (RFC 8011)")
    parser.add_argument("--user", metavar="NAME", help="only those of who logged in so")
    parser.add_argument("--host", metavar="ADDRESS", help="only those that came from there")
    parser.add_argument(
        "--since", metavar="TIME", help="that came then or later: a day, 14:00, yesterday, 2h ago"
    )
    parser.add_argument("--until", metavar="TIME", help="that came before that")
    parser.add_argument(
        "--text", dest="q", metavar="TEXT", help="with it in name, user, host or reason"
    )


def chosen(said: argparse.Namespace, *more: str) -> dict[str, object]:
    """
    What the words choose, as the gateway takes it.

    @raise Refused: a time is none.
    """
    names = (*_CHOSEN, *more)
    wanted = {name: value for name in names if (value := getattr(said, name)) is not None}
    for name in {"since", "until"} & wanted.keys():
        try:
            wanted[name] = moment(str(wanted[name]))
        except ValueError as error:
            raise Refused(f"--{name}={wanted[name]}: {error}", 2) from None
    return wanted


def _history(said: argparse.Namespace) -> int:
    wanted = chosen(said)
    if said.csv:
        return _accounting(said, wanted)
    most = said.limit or (PAGE * PAGE if wanted else SHOWN)
    jobs: list[dict[str, Any]] = []
    following: int | None = None
    for answer in _pages(said, "/api/jobs", wanted, "before"):
        ended = [each for each in answer["jobs"] if each["outcome"] is not None]
        jobs += ended
        following = answer["next"]
        if len(jobs) > most:
            jobs, following = jobs[:most], jobs[most - 1]["number"]
        if len(jobs) == most:
            break
    if said.json:
        print(json.dumps({"jobs": jobs, "next": following}))
        return 0
    for line in words.jobs(jobs, width()):
        print(line)
    print(words.total(jobs))
    if following is not None:
        print("There are more; --since, --until, --user and others choose, --limit shows more.")
    return 0


def _accounting(said: argparse.Namespace, wanted: dict[str, object]) -> int:
    pages = _pages(said, "/api/accounting", wanted, "skip")
    if said.json:
        sums = [each for answer in pages for each in answer["sums"]]
        print(json.dumps({"sums": sums, "next": None}))
        return 0
    table = csv.writer(sys.stdout, lineterminator="\n")
    head = [COLUMNS]
    for answer in pages:
        table.writerows(head)  # not before there is an answer: an error stands alone
        table.writerows([_inert(each[name]) for name in COLUMNS] for each in answer["sums"])
        head = []
    return 0


def _inert(value: object) -> object:
    # A spreadsheet computes what begins so, and a sender may have any name.
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULAS else value


def _pages(
    said: argparse.Namespace, path: str, wanted: dict[str, object], following: str
) -> Iterator[dict[str, Any]]:
    more: dict[str, object] = {}
    while True:
        answer = ask(said, "GET", f"{path}?{urlencode({**wanted, 'limit': PAGE, **more})}")
        yield answer
        if answer["next"] is None:
            return
        more = {following: answer["next"]}


def _declared(parser: argparse.ArgumentParser) -> None:
    add(parser, argparse.SUPPRESS, argparse.SUPPRESS)
    filters(parser)
    parser.add_argument(
        "--csv",
        action="store_true",
        help="jobs and bytes of each day, user, host and port, for accounting",
    )
    parser.add_argument(
        "--limit",
        metavar="NUMBER",
        type=number,
        help=f"so many at most; else {SHOWN}, or all chosen",
    )


VERBS = (Verb("history", "list the jobs that have ended, or count them", _history, _declared),)
"""The one."""
