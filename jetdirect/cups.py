"""
From the queues of CUPS to printers of a configuration file: C{printers.conf} in, TOML out.

CUPS 3 drops raw queues; what such a queue does, a printing port does.  What has no meaning here is
told in a comment and never left out in silence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from .named import alias
from .net.reactor import IGatewayReactor
from .options import Option
from .portnames import STEM
from .text import presentable
from .transports.build import COMMON_OPTIONS, NETWORK_OPTIONS, deviceURI, schemes, transportFor
from .transports.cups import insteadOf, insteadOfScheme

PRINTERS = "/etc/cups/printers.conf"

_BEGIN = re.compile(r"<(Default)?(Printer|Class) (\S+)>\Z", re.IGNORECASE)
_END = re.compile(r"</(?:Default)?(?:Printer|Class)>\Z", re.IGNORECASE)
_COMMENT = re.compile(r"(?<!\\)#.*")

_MEANINGLESS = {"beh", "cups-brf", "cups-pdf", "driverless", "hp", "hpfax", "implicitclass", "pdf"}
"""Backends that make something of a job, or choose a printer for it."""


@dataclass
class Queue:
    """
    A queue or a class of CUPS.

    @ivar keys: its directives; those that may be there several times, in their order.
    """

    name: str
    isClass: bool
    isDefault: bool
    keys: dict[str, list[str]] = field(default_factory=dict)

    def said(self, key: str) -> str:
        """The value of a directive, or C{""}."""
        return self.keys.get(key.lower(), [""])[-1]


def queuesOf(text: str) -> Iterator[Queue]:
    """
    The queues of a C{printers.conf}, or the classes of a C{classes.conf}.

    Lines that are none of a queue's are passed over, as cupsd does.
    """
    queue: Queue | None = None
    for line in text.splitlines():
        line = _COMMENT.sub("", line).replace("\\#", "#").strip()
        begins = _BEGIN.match(line)
        if begins is not None:
            default, kind, name = begins.groups()
            queue = Queue(name, kind.lower() == "class", bool(default))
        elif queue is not None and _END.match(line):
            yield queue
            queue = None
        elif queue is not None and line:
            key, _, value = line.partition(" ")
            queue.keys.setdefault(key.lower(), []).append(value.strip())


@dataclass
class Imported:
    """
    @ivar text: a configuration file.
    @ivar queues: how many there were.
    @ivar taken: how many of them are printers in the file.
    """

    text: str
    queues: int
    taken: int


@dataclass
class _Block:
    queue: Queue
    name: str
    number: int | None = None
    aliases: list[str] = field(default_factory=list)
    keys: dict[str, str | float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    why: str = ""  # it is only a comment


def imported(
    reactor: IGatewayReactor, queues: Iterable[Queue], hasDriver: Callable[[str], bool]
) -> Imported:
    """
    A configuration file with a printer for each queue that can be one.

    @param reactor: what transports are tried with; nothing is connected to.
    @param hasDriver: does the queue of this name make another language of its jobs?
    """
    blocks: list[_Block] = []
    for queue in queues:
        block = _called(queue, blocks)
        blocks.append(block)
        if queue.isClass:
            members = ", ".join(queue.keys.get("printer", [])) or "nothing"
            block.why = f"a class of {members}; a job goes to one printing port"
        else:
            _translate(reactor, block)
            if not block.why and hasDriver(queue.name):
                made = queue.said("MakeModel") or "no model named"
                block.why = (
                    f"it has a driver ({made}), which makes the printer's language of each job;"
                    " take the marks away if its senders send that language themselves"
                )
    lines = ["# Made by jetdirect import-cups. No jobs were moved."]
    if any(str(block.keys.get("uri", "")).startswith("lpd:") for block in blocks):
        lines.append("# CUPS speaks LPD from a port below 1024; reserve=any in the URI does, too.")
    lines += _default(blocks)
    for block in blocks:
        lines += ["", *_written(block)]
    taken = sum(not block.why for block in blocks)
    return Imported("\n".join([*lines, ""]), len(blocks), taken)


def _called(queue: Queue, before: Iterable[_Block]) -> _Block:
    # CUPS takes nearly any sign in a name; the one that senders type stays as an alias.
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", queue.name).strip("-") or "queue"
    block = _Block(queue, name)
    taken = {word.upper() for each in before for word in (each.name, *each.aliases)}
    n = 1
    while block.name.upper() in taken:
        n += 1
        block.name = f"{name}-{n}"
    number = re.fullmatch(rf"{STEM}(\d{{1,6}})", block.name, re.IGNORECASE)
    if number is not None:
        block.number = int(number[1])
    if block.name != queue.name:
        try:
            block.aliases = alias(queue.name)
        except ValueError:
            block.notes.append(f"senders cannot type its name in CUPS, {queue.name!a}")
    return block


def _default(blocks: Iterable[_Block]) -> Iterator[str]:
    for block in blocks:
        if block.queue.isDefault and not block.why:
            yield f"default-port = {_quoted(block.name)}"
            return
        if block.queue.isDefault:
            yield f"# The default of CUPS, {block.queue.name}, is not taken over."
    yield '# default-port = "..."  # say where uploads to / print, if there are several ports'


def _written(block: _Block) -> Iterator[str]:
    mark = ""
    if block.why:
        yield f"# {block.queue.name} is not taken over: {presentable(block.why)}."
        mark = "# "
    for note in block.notes:
        yield f"# {presentable(note)}."
    if "uri" not in block.keys:
        return
    yield f"{mark}[[printer]]"
    yield f"{mark}name = {_quoted(block.name)}"
    if block.number is not None:
        yield f"{mark}number = {block.number}"
    if block.aliases:
        yield f"{mark}aliases = [{', '.join(map(_quoted, block.aliases))}]"
    for key, value in block.keys.items():
        yield f"{mark}{key} = {_quoted(value) if isinstance(value, str) else f'{value:g}'}"


def _quoted(text: str) -> str:
    # A basic string of TOML; what cannot be shown is written by its number.
    shown = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in shown) + '"'
    )


def _translate(reactor: IGatewayReactor, block: _Block) -> None:
    queue = block.queue
    device = queue.said("DeviceURI")
    block.keys["uri"] = device
    for key, directive in (("description", "Info"), ("location", "Location")):
        text = "".join(each for each in queue.said(directive) if each.isprintable())
        if text and text != queue.name:
            block.keys[key] = text
    block.notes += _lostInCUPS(queue)
    try:
        uri, more, notes = translated(device)
        transportFor(reactor, deviceURI(uri))
    except ValueError as error:
        del block.keys["uri"]
        block.why = str(error)
        return
    block.keys |= {"uri": uri, **more}
    block.notes += notes


def _lostInCUPS(queue: Queue) -> Iterator[str]:
    name = queue.name
    if queue.said("State").lower() == "stopped":
        yield f"{name} is stopped in CUPS"
    if queue.said("Accepting").lower() == "no":
        yield f"{name} takes no jobs in CUPS"
    for directive in ("AllowUser", "DenyUser"):
        users = queue.keys.get(directive.lower())
        if users:
            remedy = "a name proves nothing by itself here: see --auth, and allow for networks"
            yield f"{name} has {directive} {' '.join(users)}; {remedy}"
    if queue.said("JobSheets") not in ("", "none none"):
        yield f"{name} has JobSheets {queue.said('JobSheets')}; no banners are printed here"
    for directive in ("QuotaPeriod", "PageLimit", "KLimit"):
        if queue.said(directive) not in ("", "0"):
            yield f"{name} has {directive} {queue.said(directive)}; there are no quotas here"
    for option in queue.keys.get("option", ()):
        yield f"{name} has Option {option}; jobs go as they are here"


def translated(device: str) -> tuple[str, dict[str, str | float], list[str]]:
    """
    A device URI of CUPS's in our words.

    @return: the device URI, keys of the printer beside it, and what has no meaning here.
    @raise ValueError: there is none; the message says why, and holds no secrets.
    """
    scheme, colon, rest = device.partition(":")
    scheme = scheme.lower()
    if not colon:
        raise ValueError("it has no device URI")
    if scheme in _MEANINGLESS:
        raise ValueError(f"{scheme}: makes something else of a job; name the printer itself")
    if scheme in ("http", "https"):
        scheme = "ipp" if scheme == "http" else "ipps"
    if scheme == "file":
        path = "/" + rest.partition("?")[0].lstrip("/")
        if path == "/dev/null":
            raise ValueError("file:/dev/null prints nowhere")
        if path.startswith("/dev/"):
            return path, {}, []
        remedy = "write file:DIRECTORY to keep jobs as files"
        raise ValueError(f"file: is a file that each job replaces; {remedy}")
    remedy = insteadOfScheme(scheme)
    if remedy or scheme not in schemes():
        remedy = remedy or "name the printer itself, as socket://HOST:9100"
        raise ValueError(f"{scheme}: is not known here; {remedy}")
    place, _, query = rest.partition("?")
    notes: list[str] = []
    if scheme in ("socket", "lpd") and "@" in place:
        place = "//" + place.rpartition("@")[2]
        notes.append(f"the user in its {scheme} URI is left out: jobs carry their sender's name")
    more: dict[str, str | float] = {}
    options: dict[str, str] = {}
    for name, value in _options(query, scheme):
        kept = _option(scheme, name, value, more)
        if kept is None:
            notes.append(f"{name}={value} is left out: {_reason(scheme, name, value)}")
        elif kept[0] == "scheme":
            scheme = kept[1]
        elif kept[0]:
            options[kept[0]] = kept[1]
    asked = "&".join(f"{name}={quote(value, safe=',/:')}" for name, value in options.items())
    return f"{scheme}:{place}{'?' if asked else ''}{asked}", more, notes


def _options(query: str, scheme: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, re.split(r"[&+]" if scheme == "serial" else "&", query)):
        name, _, value = pair.partition("=")
        yield name, value


def _option(
    scheme: str, name: str, value: str, more: dict[str, str | float]
) -> tuple[str, str] | None:
    """What an option becomes: a name and a value, without a name if a key says it; or nothing."""
    if name == "contimeout" and value.isdecimal():
        more["connect-timeout"] = float(value)
        return "", ""
    if name == "timeout" and scheme == "lpd" and value.isdecimal():
        return "finish-timeout", value
    if name == "encryption" and value in ("required", "always"):
        return "scheme", "ipps"
    known = name in _known(scheme, *COMMON_OPTIONS, *NETWORK_OPTIONS)
    if known and not insteadOf(scheme, name, value, True):
        return name, value
    return None


def _known(scheme: str, *more: Option) -> Collection[str]:
    return {each.name for each in (*schemes()[scheme].options, *more)}


def _reason(scheme: str, name: str, value: str) -> str:
    known = name in _known(scheme)
    remedy = insteadOf(scheme, name, value, known) or "CUPS does not know it either"
    return remedy.removeprefix("leave it out, ")


def importFile(reactor: IGatewayReactor, path: str) -> Imported:
    """
    The queues of a C{printers.conf}, and the classes beside it.

    @raise OSError: it cannot be read.
    """
    folder = os.path.dirname(path)
    queues = list(queuesOf(_read(path)))
    classes = os.path.join(folder, "classes.conf")
    if os.path.exists(classes):
        queues += queuesOf(_read(classes))
    return imported(
        reactor, queues, lambda name: os.path.exists(os.path.join(folder, "ppd", f"{name}.ppd"))
    )


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
