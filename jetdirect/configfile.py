"""
A configuration file: TOML, in which an option of the command line stands under its own name, and
every printer in a table of its own.  C{docs/configuration.rst} has all keys.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .commandline import (
    FILE_OPTIONS,
    IDENTIFYING,
    NEVER_IN_A_FILE,
    NOTIFY_OPTIONS,
    PORT_OPTIONS,
)
from .located import Broken, Document, Path
from .net.reactor import IGatewayReactor
from .options import Option, didYouMean
from .words import Place, SaidPrinter, Value, Words, defaults, safe

LARGEST_FILE = 64 * 2**20
"""Bytes: a hundred thousand printers need less (chosen)."""

_MAIN = {option.name: option for option in FILE_OPTIONS}
_PRINTER = {option.name: option for option in PORT_OPTIONS}
_DEFAULTS = {name: option for name, option in _PRINTER.items() if name not in IDENTIFYING}

_NOTIFY = {option.name: option for option in NOTIFY_OPTIONS}

_FOR_ALL = _MAIN, "for the whole gateway and stands above the first [table]"
_FOR_ONE = _PRINTER, "for one printer and stands below its [[printer]]"

_FOR_ALARMS = _NOTIFY, "about alarms and stands below [notify]"

_READABLE = "name a file that this user can read"


def readFile(reactor: IGatewayReactor, path: str) -> Words:
    """
    What a configuration file says, and those that it includes.

    Blocks as long as a disk does.

    @param path: relative paths in the file begin in its folder.
    @return: also what is wrong with it, as C{wrong}.
    """
    words = Words(reactor, path)
    file = _opened(words, path)
    if file is not None:
        file.readMain()
    return words


@dataclass(frozen=True)
class _Key:
    """L{Place}: where a key stands; its line is looked for when it is shown."""

    file: _File
    path: Path

    def __str__(self) -> str:
        line = self.file.document.line(self.path)
        *_, key = self.path
        return f"{self.file.path}:{line}: {'[[printer]]' if isinstance(key, int) else key}"


def _opened(words: Words, path: str) -> _File | None:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no name of a file"
        words.wrong.append(f"{path}: {why}; {_READABLE}")
        return None
    if len(content) > LARGEST_FILE:
        words.wrong.append(f"{path}: more than {LARGEST_FILE} bytes; {_READABLE}")
        return None
    try:
        return _File(words, path, Document(content.decode("utf-8-sig")))  # as some editors begin
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        words.wrong.append(f"{path}:{line}: not UTF-8; save it as UTF-8")
    except Broken as error:
        remedy = "text stands in quotes, the name of a table in brackets"
        words.wrong.append(f"{path}:{error.line}: no TOML: {error}; {remedy}")
    return None


class _File:
    """One file on its way into words."""

    def __init__(self, words: Words, path: str, document: Document) -> None:
        self.path = path
        self.document = document
        self._words = words
        self._folder = os.path.dirname(path)

    def readMain(self) -> None:
        """All of it, and then what it includes."""
        for key, value in self.document.table.items():
            match key:
                case "printer":
                    self._readPrinters(value)
                case "defaults" if isinstance(value, dict):
                    self._readDefaults(value)
                case "defaults":
                    self._complain((key,), "write [defaults] in brackets, and keys below it")
                case "notify" if isinstance(value, dict):
                    self._readNotify(value)
                case "notify":
                    self._complain((key,), "write [notify] in brackets, and keys below it")
                case "spool" if isinstance(value, bool):
                    remedy = "spool = true stands in [defaults] or below a [[printer]]"
                    self._complain((key,), f"name the directory here; {remedy}")
                case _ if key in _MAIN:
                    self._readKey(_MAIN[key], (key,), value, self._takeMain)
                case _:
                    keys = (*_MAIN, "printer", "defaults", "notify")
                    self._complain((key,), _unknown(key, keys, _FOR_ONE, _FOR_ALARMS))
        for name, option in _DEFAULTS.items():
            twice = name in self._words.values and option.setting in self._words.defaults
            if _MAIN.get(name) is option and twice:
                self._complain((name,), "[defaults] says it, too; leave one out")
        for pattern in self._words.values.pop("include", ()):
            self._include(pattern)

    def readIncluded(self) -> None:
        """Read a file that C{include} names: it has printers only."""
        for key, value in self.document.table.items():
            if key == "printer":
                self._readPrinters(value)
            else:
                main = self._words.file
                self._complain((key,), f"here is [[printer]] only; move it to {main}")

    def _takeMain(self, option: Option, value: Value) -> None:
        self._words.take(option, value, _Key(self, (option.name,)), self._folder)

    def _include(self, pattern: str) -> None:
        found = sorted(glob.glob(pattern))
        if not found and not glob.has_magic(pattern):
            self._complain(("include",), f"{pattern}: no such file; leave it out, or make it")
        elif not found:
            place = _Key(self, ("include",))
            self._words.remarks.append(f"{place}: no file is called {pattern}; no printer is there")
        for path in found:
            file = _opened(self._words, path)
            if file is not None:
                file.readIncluded()

    def _readDefaults(self, table: Mapping[str, Any]) -> None:
        def take(option: Option, value: Value) -> None:
            place = _Key(self, ("defaults", option.name))
            self._words.places[defaults(option)] = place
            _addTo(self._words.defaults, option, value)

        for key, value in table.items():
            if key in _DEFAULTS:
                self._readKey(_DEFAULTS[key], ("defaults", key), value, take)
            else:
                self._complain(("defaults", key), _unknown(key, _DEFAULTS, _FOR_ALL, _FOR_ONE))

    def _readNotify(self, table: Mapping[str, Any]) -> None:
        def take(option: Option, value: Value) -> None:
            self._words.takeNotify(option, value, _Key(self, ("notify", option.name)), self._folder)

        self._words.places.setdefault("notify", _Key(self, ("notify",)))
        for key, value in table.items():
            if key in _NOTIFY:
                self._readKey(_NOTIFY[key], ("notify", key), value, take)
            else:
                self._complain(("notify", key), _unknown(key, _NOTIFY, _FOR_ALL, _FOR_ONE))

    def _readPrinters(self, tables: object) -> None:
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            remedy = "write [[printer]] with two brackets, and below it name and uri"
            self._complain(("printer",), remedy)
            return
        for n, table in enumerate(tables):
            self._readPrinter(("printer", n), table)

    def _readPrinter(self, at: Path, table: Mapping[str, Any]) -> None:
        values: dict[str, Any] = {}
        places: dict[str, Place] = {}

        def take(option: Option, value: Value) -> None:
            places[option.name] = _Key(self, (*at, option.name))
            _addTo(values, option, value)

        for key, value in table.items():
            if key in _PRINTER:
                self._readKey(_PRINTER[key], (*at, key), value, take)
            else:
                self._complain((*at, key), _unknown(key, _PRINTER, _FOR_ALL))
        for key in ("name", "uri"):
            if key not in table:
                self._complain(at, f'{key} is missing; write {key} = "..." below it')
        printer = SaidPrinter(
            values.pop("name", ""),
            values.pop("number", None),
            values.pop("aliases", []),
            values.pop("uri", None),
            self._folder,
            values,
            _Key(self, at),
            places,
        )
        self._words.printers.append(printer)

    def _readKey(
        self, option: Option, path: Path, value: object, take: Callable[[Option, Value], None]
    ) -> None:
        values = value if isinstance(value, list) else [value]
        try:
            if isinstance(value, list) and not option.many:
                raise ValueError("give one value, without brackets")
            if not values:
                raise ValueError("nothing stands in the brackets; give a value, or leave it out")
            said = [_word(option, each) for each in values]
        except ValueError as error:
            self._complain(path, str(error))
            return
        for each in said:
            try:
                take(option, each)
            except ValueError as error:
                self._complain(path, str(error), safe(option, str(each)))

    def _complain(self, path: Path, why: str, value: str | None = None) -> None:
        said = "" if value is None else f" = {value}"
        self._words.wrong.append(f"{_Key(self, path)}{said}: {why}")


def _addTo(values: dict[str, Any], option: Option, value: Value) -> None:
    found: Any = value if isinstance(value, bool) else option.read(value)
    key = option.setting or option.name
    values[key] = [*values.get(key, ()), *found] if option.many else found


def _word(option: Option, value: object) -> Value:
    # As it would stand on the command line.
    if isinstance(value, bool) is bool(option.value):
        raise ValueError("give a value" if option.value else "say true or false, without quotes")
    if isinstance(value, dict):
        raise ValueError(f"no table; write {option.name} = and its value")
    if not isinstance(value, (str, bool, int, float)):
        raise ValueError("give text in quotes, or a number")
    return value if isinstance(value, (str, bool)) else str(value)


def _unknown(key: str, known: Iterable[str], *elsewhere: tuple[Iterable[str], str]) -> str:
    for keys, where in elsewhere:
        if key in keys:
            return f"this key is {where}; move it there"
    if key in NEVER_IN_A_FILE:
        return f"only the command line has --{key}; leave it out"
    if key.lstrip("-") in known and key.startswith("-"):
        return "no such key; write it without dashes in front"
    near = didYouMean(key.replace("_", "-"), known)
    return f"no such key{near}; docs/configuration.rst lists all"
