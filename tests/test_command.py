"""
The table of commands: HELP, FEAT and the documents say what is in it, and nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect.configuration import Configuration
from jetdirect.ftp.command import When
from jetdirect.ftp.commands import access, extensions, names, parameters, security, service
from jetdirect.ftp.commands.table import COMMANDS
from jetdirect.gateway import Gateway
from jetdirect.testing import FakePrinter, FakeSender

DIALOGUE = Path(__file__).parent.parent / "docs" / "dialogue.rst"
GROUPS = [access, extensions, names, parameters, security, service]
WITHOUT_COMMAND = {"TVFS", "UTF8"}


@pytest.fixture
def sender() -> FakeSender:
    """A sender that has not logged in."""
    return FakeSender(Gateway(Configuration([FakePrinter()], []), MemoryReactorClock()).factory)


def test_verbs() -> None:
    """A verb is in one row, in capitals, three or four of them (RFC 959, section 5.3.1)."""
    said = [verb for group in GROUPS for row in group.COMMANDS for verb in (row.verb, *row.also)]
    assert sorted(said) == sorted(COMMANDS)
    assert [verb for verb in said if not re.fullmatch("[A-Z]{3,4}", verb)] == []


def test_help(sender: FakeSender) -> None:
    """HELP lists each verb once; with one it shows how to say it."""
    lines = sender.say("HELP").splitlines()[1:-1]
    assert " ".join(lines).split() == sorted(COMMANDS)
    for verb, command in COMMANDS.items():
        assert sender.say(f"HELP {verb.lower()}") == f"214 Syntax: {command.syntax}"


def test_features(sender: FakeSender) -> None:
    """FEAT lists what the rows say; what needs a certificate is not there without one."""
    said = {row.feature for row in COMMANDS.values() if row.feature and not row.secures}
    lines = sender.say("FEAT").splitlines()[1:-1]
    assert lines == [f" {each}" for each in sorted(said | WITHOUT_COMMAND)]
    verbs = {row.verb for row in COMMANDS.values() if row.feature}
    assert {row.feature.split()[0] for row in COMMANDS.values() if row.feature} == verbs


@pytest.mark.parametrize("verb", COMMANDS)
def test_beforeLogin(sender: FakeSender, verb: str) -> None:
    """Before a login only those rows are done that say so."""
    refused = sender.say(f"{verb} x").startswith("530 Authentication")
    assert refused is (COMMANDS[verb].when is When.LOGGED_IN)


@pytest.mark.parametrize("verb", COMMANDS)
def test_argument(sender: FakeSender, verb: str) -> None:
    """A verb alone is 501, with the syntax, where its argument must be there."""
    sender.login()
    lacking = sender.say(verb).startswith(f"501 Syntax: {COMMANDS[verb].syntax}")
    assert lacking is COMMANDS[verb].needsArgument


def test_documented() -> None:
    """The table of the page about the dialogue has every verb, and no other."""
    page = DIALOGUE.read_text()
    [table] = re.findall(r"\nCommands\n-+\n\n=+ =+\n(.*?)\n=+ =+\n", page, re.DOTALL)
    first = " ".join(line[:16] for line in table.splitlines())
    others = " ".join(re.findall(r"\((X[A-Z, ]+)\)", table))
    assert sorted(re.findall(r"[A-Z]+", f"{first} {others}")) == sorted(COMMANDS)
