"""
The verbs for printing ports, and for the whole gateway.
"""

from __future__ import annotations

import argparse
import json
from urllib.parse import quote

from ..testpage import LANGUAGES
from ..verb import Verb
from . import words
from .wire import add, ask


def _declared(parser: argparse.ArgumentParser) -> None:
    add(parser, argparse.SUPPRESS, argparse.SUPPRESS)


def _list(said: argparse.Namespace) -> int:
    answer = ask(said, "GET", "/api/ports")
    print(json.dumps(answer) if said.json else "\n".join(words.ports(answer["ports"])))
    return 0


def _port(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("port", metavar="PORT", help="by whatever leads to it")


def _path(said: argparse.Namespace, verb: str) -> str:
    return f"/api/ports/{quote(said.port, '')}/{verb}"


def _pause(said: argparse.Namespace) -> int:
    answer = ask(said, "POST", _path(said, "pause"), {"now": said.atOnce})
    kept = "" if answer["durable"] else "; a restart ends that, as there is no spool"
    told = f"{answer['name']} prints nothing more until it is resumed{kept}"
    print(json.dumps(answer) if said.json else words.word(told))
    return 0


def _pauseWords(parser: argparse.ArgumentParser) -> None:
    _port(parser)
    parser.add_argument(
        "--now",
        dest="atOnce",
        action="store_true",
        help="cut the kept job that prints; it may be held then",
    )


def _resume(said: argparse.Namespace) -> int:
    answer = ask(said, "POST", _path(said, "resume"))
    print(json.dumps(answer) if said.json else words.word(f"{answer['name']} prints again"))
    return 0


def _test(said: argparse.Namespace) -> int:
    body = {"format": said.format} if said.format else {}
    answer = ask(said, "POST", _path(said, "test"), body)
    told = f"job {answer['number']}: a test page for {answer['port']}"
    print(json.dumps(answer) if said.json else words.word(told))
    return 0


def _testWords(parser: argparse.ArgumentParser) -> None:
    _port(parser)
    parser.add_argument("--format", choices=LANGUAGES, help="else what the printer says it knows")


def _reload(said: argparse.Namespace) -> int:
    answer = ask(said, "POST", "/api/reload")
    if said.json:
        print(json.dumps(answer))
    else:
        for line in answer["changes"] or ["nothing has changed"]:
            print(words.word(line))
    return 0


SEEN = (Verb("ports", "list the printing ports, those that are stopped first", _list, _declared),)
"""To look at."""

DONE = (
    Verb("pause", "let a port print nothing after the job that it has", _pause, _pauseWords),
    Verb("resume", "let a paused port print again", _resume, _port),
    Verb("test", "print a test page", _test, _testWords),
    Verb("reload", "read the gateway's configuration again", _reload, _declared),
)
"""To do; in the order of the help."""
