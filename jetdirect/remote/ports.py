"""
The verbs for printing ports, and for the whole gateway.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..testpage import LANGUAGES
from ..verb import Refused, Verb
from . import words
from .terminal import width
from .wire import add, ask


def _declared(parser: argparse.ArgumentParser) -> None:
    add(parser, argparse.SUPPRESS, argparse.SUPPRESS)


def _list(said: argparse.Namespace) -> int:
    answer = ask(said, "GET", "/api/ports")
    lines = words.ports(answer["ports"], width())
    print(json.dumps(answer) if said.json else "\n".join(lines))
    return 0


def _port(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("port", metavar="PORT", help="by whatever leads to it")


def _path(said: argparse.Namespace, verb: str) -> str:
    return f"/api/ports/{quote(said.port, '')}/{verb}"


def _pause(said: argparse.Namespace) -> int:
    answer = ask(said, "POST", _one(said, "pause"), {"now": said.atOnce})
    kept = "" if answer["durable"] else "; a restart ends that, as there is no --state"
    told = f"{_which(answer, 'prints', 'print')} nothing more until resumed{kept}"
    print(json.dumps(answer) if said.json else words.word(told))
    return 0


def _which(answer: Mapping[str, Any], one: str, many: str) -> str:
    if "ports" not in answer:
        return f"{answer['name']} {one}"
    ports = len(answer["ports"])
    return f"all {ports} ports {many}"


def _one(said: argparse.Namespace, verb: str) -> str:
    if said.all is (said.port is not None):
        raise Refused("say which port, or --all", 2)
    return f"/api/{verb}" if said.all else _path(said, verb)


def _oneOrAll(parser: argparse.ArgumentParser) -> None:
    _declared(parser)
    parser.add_argument("port", metavar="PORT", nargs="?", help="by whatever leads to it")
    parser.add_argument("--all", action="store_true", help="all printing ports")


def _pauseWords(parser: argparse.ArgumentParser) -> None:
    _oneOrAll(parser)
    parser.add_argument(
        "--now",
        dest="atOnce",
        action="store_true",
        help="cut the kept job that prints; it may be held then",
    )


def _resume(said: argparse.Namespace) -> int:
    answer = ask(said, "POST", _one(said, "resume"))
    told = f"{_which(answer, 'prints', 'print')} again"
    print(json.dumps(answer) if said.json else words.word(told))
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
    Verb("pause", "stop a port after the job that it prints", _pause, _pauseWords),
    Verb("resume", "let a paused port print again", _resume, _oneOrAll),
    Verb("test", "print a test page", _test, _testWords),
    Verb("reload", "read the gateway's configuration again", _reload, _declared),
)
"""To do; in the order of the help."""
