"""
The table of options as people read it: C{--help}, and the page C{docs/options.rst}.
"""

from __future__ import annotations

import platform
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping

import twisted

from . import __version__
from .commandline import FILE_OPTIONS, IDENTIFYING, NOTIFY_OPTIONS, OPTIONS, PORT_OPTIONS
from .options import Option, shown
from .transports.build import COMMON_OPTIONS, NETWORK_OPTIONS, schemes

_INDENT = 28
"""Columns in front of what an option does."""

ABOUT = (
    "A print server that FTP clients print through: log in with any name, put a file, and its bytes"
    " go to the printer as they are."
)
KINDS = (
    "Times are in seconds, or with s, m, h or d behind the number; sizes are in bytes, or with K, M"
    " or G (1024 each); networks have a comma between them. Options with an asterisk may be given"
    " several times."
)
_IN = "    "

_KEYS = re.compile("--(" + "|".join(option.name for option in FILE_OPTIONS) + r")\b")
"""Options that are called in a help text, and have no dashes in a file."""

EVERY_SCHEME = "every printer"
WITH_HOST = "every printer with a host"


def versions() -> str:
    """What C{--version} prints."""
    return (
        f"jetdirect {__version__}"
        f" (Twisted {twisted.__version__}, Python {platform.python_version()})"
    )


def helpText(width: int) -> str:
    """What C{--help} prints."""
    lines = [*_wrapped(ABOUT, width), "", *_wrapped(KINDS, width)]
    for topic, options in topics():
        lines += ["", f"{topic}:"]
        for option in options:
            lines += _entry(_spelling(option), sentences(option), width)
    lines += ["", "Information:"]
    lines += _entry("    --help", "Print this.", width)
    lines += _entry("    --version", "Print the versions of jetdirect, Twisted and Python.", width)
    lines += _entry("    --help-auth", "List the kinds of --auth.", width)
    lines += _entry("    --help-auth-type=KIND", "Explain one of them.", width)
    lines += ["", "Device URIs, and what may follow them as ?name=value&name=value:"]
    for place, known in uris():
        lines += ["", f"  {place}"]
        for name, text in known.items():
            lines += _entry(f"    {name}=", text, width)
    return "\n".join([*lines, ""])


def document() -> str:
    """The text of C{docs/options.rst}: without what other plugins bring."""
    title = "The options of ``twistd jetftp``"
    lines = [title, "=" * len(title), ""]
    lines += _wrapped(
        "``twistd jetftp --help`` prints the same.  Both are made from one table,"
        " ``jetdirect/commandline.py``.",
        100,
    )
    lines += ["", *_wrapped(KINDS.replace("an asterisk", "(*)"), 100), ""]
    for topic, options in topics():
        lines += ["", topic, "-" * len(topic), ""]
        for option in options:
            names = [f"``--{option.name}``", *([f"``-{option.short}``"] if option.short else [])]
            value = f" {option.value}" if option.value else ""
            lines.append(", ".join(names) + value + (" (*)" if option.many else ""))
            lines += _wrapped(_escaped(sentences(option)), 96, _IN, _IN)
    title = "Device URIs"
    lines += ["", title, "-" * len(title), ""]
    lines += _wrapped(
        "A value of ``--printer`` is one of these; options follow as ``?name=value&name=value``."
        " ``docs/printers/index.rst`` has a page for each kind.",
        100,
    )
    for place, known in uris(ours=True):
        place = f"``{place}``" if ":" in place else place[0].upper() + place[1:]
        lines += ["", place + ("" if known else ": no options of its own")]
        for name, text in known.items():
            entry = f"- ``{name}``: {_escaped(text)}"
            lines += _wrapped(entry, 96, _IN, _IN + "  ")
    return "\n".join([*lines, ""])


FILE = """
The configuration file
======================

``twistd jetftp --config FILE`` (``jetdirect serve --config FILE``) reads options and printers from
a TOML file.  ``jetdirect check FILE`` says what is wrong with one, and starts nothing.  This page
is made from ``jetdirect/commandline.py``, as the help of the command line is.

::

    port = ["2121"]
    default-port = "ward3"
    include = ["ports.d/*.toml"]

    [defaults]
    busy-timeout = "2m"

    [[printer]]
    name = "ward3"
    number = 3
    uri = "socket://laser3.example:9100"
    description = "Ward 3"

    [[printer]]
    name = "labels"
    aliases = ["lp", "prt1"]
    uri = "lpd://printserver.example/labels"
    allow = ["192.0.2.0/24"]

A key is the name of an option of the command line, without the dashes, and means the same.  Times
are in seconds, or text with a unit such as ``"5m"``; sizes are in bytes, or text such as ``"10M"``;
an option that has no value is ``true`` or ``false``; a key with (*) takes one value, or several in
brackets.  Networks may have bits behind their length (``10.1.2.3/8`` is ``10.0.0.0/8``).  Names of
files are relative to the folder of the file that they stand in; so are ``file:``,
``password-file=``, ``community-file=`` and ``tls-ca=`` in device URIs, but not what is inside an
endpoint string.

What the command line says wins over the file, also after a reload; what one ``[[printer]]`` says
for itself wins over both.  Printers are named in one of the two places only.  SIGHUP reads the file
again (``docs/operations.rst``).
"""


def fileDocument() -> str:
    """The text of C{docs/configuration.rst}."""
    lines = FILE.strip().splitlines()
    lines += ["", "Keys of a printing port", "-" * 23, ""]
    only = ", ".join(f"``{name}``" for name in IDENTIFYING)
    lines += _wrapped(
        f"In each ``[[printer]]``; and, but for {only}, in ``[defaults]``, for all of them.",
        100,
    )
    lines += ["", *(line for option in PORT_OPTIONS for line in _fileEntry(option))]
    lines += ["", "Keys of the gateway", "-" * 19, "", "Above the first table.", ""]
    shared = {each.name for each in PORT_OPTIONS if each in FILE_OPTIONS}
    for option in FILE_OPTIONS:
        if option.name in shared:
            lines += [f"``{option.name}``", f"{_IN}The same as in ``[defaults]``."]
        else:
            lines += _fileEntry(option)
    lines += ["", "Keys of alarms", "-" * 14, "", "In ``[notify]`` (``alarms.rst``).", ""]
    lines += [line for option in NOTIFY_OPTIONS for line in _fileEntry(option)]
    return "\n".join([*lines, ""])


def _fileEntry(option: Option) -> Iterator[str]:
    value = option.value or "true"
    yield f"``{option.name}`` = {value}" + (" (*)" if option.many else "")
    yield from _wrapped(_escaped(_KEYS.sub(r"\1", sentences(option, ""))), 96, _IN, _IN)


def topics() -> Iterator[tuple[str, list[Option]]]:
    """The options of the command line under their topics."""
    for topic in dict.fromkeys(option.topic for option in OPTIONS):
        yield topic, [option for option in OPTIONS if option.topic == topic]


def uris(ours: bool = False) -> Iterable[tuple[str, Mapping[str, str]]]:
    """
    What kinds of device URIs there are, each with the options that it takes.

    @param ours: without what other plugins bring.
    """
    yield EVERY_SCHEME, _shown(COMMON_OPTIONS)
    yield WITH_HOST, _shown(NETWORK_OPTIONS)
    for scheme in schemes().values():
        if not ours or getattr(scheme, "factory", "").startswith(f"{__package__}."):
            yield scheme.example, _shown(scheme.options)


def _shown(options: Iterable[Option]) -> Mapping[str, str]:
    return {each.name: _withDefault(each, " ({})") for each in options}


def _spelling(option: Option) -> str:
    short = f"-{option.short}, " if option.short else "    "
    value = f"={option.value}" if option.value else ""
    return f"{short}--{option.name}{value}{'*' if option.many else ''}"


def sentences(option: Option, dashes: str = "--") -> str:
    """What an option does, what it needs, and its default."""
    needs = f" Only with {dashes}{option.needs}." if option.needs not in ("", option.name) else ""
    return _withDefault(option, needs + " [default: {}]", needs)


def _withDefault(option: Option, more: str, otherwise: str = "") -> str:
    default = shown(option, option.default) if option.value else ""
    return option.help + (more.format(default) if default not in ("", "None") else otherwise)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*")


def _entry(left: str, right: str, width: int) -> list[str]:
    margin = " " * _INDENT
    lines = _wrapped(right, max(width, 60) - 1, margin, margin)
    left = f"  {left}"
    if len(left) < _INDENT and lines:
        lines[0] = left.ljust(_INDENT) + lines[0][_INDENT:]
        return lines
    return [left, *lines]


def _wrapped(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False
    )
