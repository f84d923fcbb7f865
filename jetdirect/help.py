"""
The table of options as people read it: C{--help}, and the page C{docs/options.rst}.
"""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Iterable, Iterator, Mapping

import twisted

from . import __version__
from .commandline import OPTIONS
from .options import Option
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
    for topic, options in _topics():
        lines += ["", f"{topic}:"]
        for option in options:
            lines += _entry(_spelling(option), _sentences(option), width)
    lines += ["", "Information:"]
    lines += _entry("    --help", "Print this.", width)
    lines += _entry("    --version", "Print the versions of jetdirect, Twisted and Python.", width)
    lines += _entry("    --help-auth", "List the kinds of --auth.", width)
    lines += _entry("    --help-auth-type=KIND", "Explain one of them.", width)
    lines += ["", "Device URIs, and what may follow them as ?name=value&name=value:"]
    for place, known in _uris():
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
    for topic, options in _topics():
        lines += ["", topic, "-" * len(topic), ""]
        for option in options:
            names = [f"``--{option.name}``", *([f"``-{option.short}``"] if option.short else [])]
            value = f" {option.value}" if option.value else ""
            lines.append(", ".join(names) + value + (" (*)" if option.many else ""))
            lines += _wrapped(_escaped(_sentences(option)), 96, _IN, _IN)
    title = "Device URIs"
    lines += ["", title, "-" * len(title), ""]
    lines += _wrapped(
        "A value of ``--printer`` is one of these; options follow as ``?name=value&name=value``."
        " ``docs/printers/index.rst`` has a page for each kind.",
        100,
    )
    for place, known in _uris(ours=True):
        place = f"``{place}``" if ":" in place else place[0].upper() + place[1:]
        lines += ["", place + ("" if known else ": no options of its own")]
        for name, text in known.items():
            entry = f"- ``{name}``: {_escaped(text)}"
            lines += _wrapped(entry, 96, _IN, _IN + "  ")
    return "\n".join([*lines, ""])


def _topics() -> Iterator[tuple[str, list[Option]]]:
    for topic in dict.fromkeys(option.topic for option in OPTIONS):
        yield topic, [option for option in OPTIONS if option.topic == topic]


def _uris(ours: bool = False) -> Iterable[tuple[str, Mapping[str, str]]]:
    yield EVERY_SCHEME, COMMON_OPTIONS
    yield WITH_HOST, NETWORK_OPTIONS
    for scheme in schemes().values():
        if not ours or getattr(scheme, "factory", "").startswith(f"{__package__}."):
            yield scheme.example, scheme.options


def _spelling(option: Option) -> str:
    short = f"-{option.short}, " if option.short else "    "
    value = f"={option.value}" if option.value else ""
    return f"{short}--{option.name}{value}{'*' if option.many else ''}"


def _sentences(option: Option) -> str:
    default = option.otherwise
    if not default and option.value and option.default is not None:
        number = isinstance(option.default, float)
        default = f"{option.default:g}" if number else f"{option.default}"
    return option.help + (f" [default: {default}]" if default else "")


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
