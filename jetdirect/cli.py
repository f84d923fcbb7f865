"""
The command C{jetdirect}: argument words only.

It ends with 0: done; 1: refused, not found, or something is wrong with what it was to look at; 2:
wrong usage, or the gateway was not reached.  What goes wrong is one line on standard error.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .options import didYouMean
from .remote import history, jobs, ports, watch
from .remote.wire import add
from .text import inEscapes, presentable
from .verb import Refused, Verb


class _Words(argparse.ArgumentParser):
    """A parser whose errors are one line, and raised."""

    def error(self, message: str) -> NoReturn:
        """L{argparse.ArgumentParser}: what is wrong, and where to read more."""
        for pattern, told in _TOLD:
            message = re.sub(rf"\A{pattern}\Z", told, message, flags=re.DOTALL)
        raise Refused(f"{message}; see {self.prog} --help", 2)


_QUOTE = "'"
"""Around each choice, or not, by the version of Python."""

_TOLD: Sequence[tuple[str, str | Callable[[re.Match[str]], str]]] = (
    (r"the following arguments are required: (.+)", r"missing: \1"),
    (r"unrecognized arguments: (.+)", r"not understood: \1"),
    (r"argument (?:-\w/)?(\S+): expected one argument", r"\1: its value is missing"),
    (r"argument (\S+): ignored explicit argument .*", r"\1: takes no value"),
    (
        r"argument (\S+): invalid choice: '(.*)' \(choose from (.*)\)",
        lambda found: f"{found[1]}={found[2]}: choose one of {found[3].replace(_QUOTE, '')}",
    ),
    (r"argument (\S+): (.+)", r"\1: \2"),
)
"""What argparse says in the words of its own programs, and what an operator is told instead."""


def _serve(words: Sequence[str]) -> NoReturn:
    from twisted.scripts.twistd import run

    sys.argv = ["twistd", "--nodaemon", "--pidfile=", "jetftp", *words]
    run()
    raise SystemExit(0)


def _configured(file: str) -> Any:
    # The options that a file makes; None: it makes none, which is told.
    from .tap import Options
    from .words import Wrong

    options = Options()
    try:
        options.configuration = options.configure(file)
    except Wrong as wrong:
        for sentence in wrong.sentences:
            print(presentable(sentence), file=sys.stderr)
        return None
    return options


def _check(said: argparse.Namespace) -> int:
    from .checking import check

    made = _configured(said.file)
    return 1 if made is None else check(made.configuration, made.reactor, said.reach)


def _notify(said: argparse.Namespace) -> int:
    from .testalarm import tell

    made = _configured(said.file)
    if made is not None and made.configuration.notify is None:
        remedy = "write [notify] with mail-to or webhook below it"
        raise Refused(f"{said.file}: nobody is told of alarms; {remedy}")
    return 1 if made is None else tell(made.configuration, made.reactor, sys.stdout)


def _notified(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a configuration file with [notify]")


def _checked(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reach", action="store_true", help="also try to reach each printer")
    parser.add_argument("file", metavar="FILE", help="a configuration file")


def _spool(said: argparse.Namespace) -> int:
    from .spool.offline import showSpool

    try:
        if said.into is None:
            return 0 if showSpool(said.directory, said.hold_all, sys.stdout) else 1
        from .spool.postgresql.opening import moveInto

        return 0 if moveInto(said.directory, said.into, sys.stdout) else 1
    except ValueError as why:
        raise Refused(f"{said.directory}: {why}") from None


def _spoolWords(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIRECTORY", help="what a gateway has as --spool")
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--hold-all",
        action="store_true",
        help="hold all jobs that a gateway would print: those of a restored backup",
    )
    one.add_argument(
        "--into",
        metavar="postgresql://...",
        type=_database,
        help="move all jobs that have not ended into the database of a fleet",
    )


def _database(text: str) -> str:
    from .spool.where import isDatabase, withoutPassword

    if not isDatabase(text):
        remedy = "write postgresql://USER@HOST/DATABASE"
        raise argparse.ArgumentTypeError(f"{withoutPassword(text)}: no database; {remedy}")
    return text


def _importCUPS(said: argparse.Namespace) -> int:
    from .cups import PRINTERS, importFile
    from .tap import Options

    path = said.file or PRINTERS
    try:
        found = importFile(Options().reactor, path)
    except OSError as error:
        remedy = "name a printers.conf that you may read; cupsd's is root's"
        raise Refused(f"{path}: {error.strerror}; {remedy}") from None
    if not found.queues:
        raise Refused(f"{path}: no queue is in it; name a printers.conf")
    print(found.text, end="")
    told = "the others are comments that say why"
    print(f"{found.taken} of {found.queues} queues are printers; {told}", file=sys.stderr)
    return 0


def _importWords(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="a printers.conf; else CUPS's own")


VERBS: Sequence[Verb] = (
    *ports.SEEN,
    *jobs.VERBS,
    *ports.DONE,
    *history.VERBS,
    *watch.VERBS,
    Verb(
        "check", "say what is wrong with a configuration file, or list its ports", _check, _checked
    ),
    Verb(
        "notify",
        "send a test alarm to everybody that a configuration file names",
        _notify,
        _notified,
    ),
    Verb("import-cups", "print a configuration file of CUPS's queues", _importCUPS, _importWords),
    Verb("spool", "show and repair a spool without a gateway", _spool, _spoolWords),
)
"""In the order of the help.  C{serve} is none of them: its words are those of twistd jetftp."""

_SERVE = "run a gateway in the foreground; its options are those of twistd jetftp, see serve --help"


def main(words: Sequence[str] | None = None) -> int:
    """
    Do what the words say.

    @param words: those behind the command's name; by default the process's own.
    @return: the exit status.
    """
    words = sys.argv[1:] if words is None else words
    if sys.stdout is None:  # nobody wants to read
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    inEscapes(sys.stdout)
    if words[:1] == ["serve"]:
        _serve(words[1:])
    try:
        status = _run(words)
        sys.stdout.flush()
    except Refused as refused:
        for sentence in refused.sentences:
            print(f"jetdirect: {presentable(sentence)}", file=sys.stderr)
        return refused.status
    except UnicodeEncodeError as error:
        word = presentable(str(error.object))
        print(f"jetdirect: {word}: not UTF-8; say it in letters of the terminal's", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # the reader, such as head, has seen enough
            told = f"standard output: {error.strerror}; make room there"
            print(f"jetdirect: {told}", file=sys.stderr)
        return 1
    return status


def _run(words: Sequence[str]) -> int:
    first = _first(words)
    names = ["serve", *(verb.name for verb in VERBS)]
    if first is not None and first not in names:
        near = didYouMean(first, names) or f"; it is one of {', '.join(names)}"
        raise Refused(f"{first}: no such verb{near}", 2)
    said = parser().parse_args(words)
    if said.version:
        from .help import versions

        print(versions())
        return 0
    if said.verb is None:
        raise Refused("say what to do; jetdirect --help lists it", 2)
    verb = next(each for each in VERBS if each.name == said.verb)
    return verb.run(said)


def _first(words: Sequence[str]) -> str | None:
    after = ""
    for word in words:
        if not word.startswith("-") and after != "--gateway":
            return word
        after = word
    return None


def parser() -> argparse.ArgumentParser:
    """What the command understands, C{serve} among it without its options."""
    words = _Words(
        prog="jetdirect",
        description="A print gateway: FTP in, printer out.",
        epilog="Exit status: 0 done, 1 refused or wrong, 2 wrong usage or no gateway.",
        allow_abbrev=False,
    )
    words.add_argument("--version", action="store_true", help="print the versions")
    add(words, None, False)
    verb = words.add_subparsers(dest="verb", metavar="VERB", parser_class=_Words)
    verb.add_parser("serve", help=_SERVE, add_help=False)
    for each in VERBS:
        each.declare(
            verb.add_parser(each.name, help=each.help, description=each.help, allow_abbrev=False)
        )
    return words
