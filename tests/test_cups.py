"""
From CUPS's queues to a configuration file: C{jetdirect import-cups}.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from jetdirect import cli
from jetdirect.compose import composed
from jetdirect.configfile import readFile
from jetdirect.configuration import Configuration
from jetdirect.cups import Imported, imported, queuesOf
from tests.support.cups import PrintServer
from tests.support.gateway import Gateway
from tests.support.rawprinter import RawPrinter
from tests.support.session import Session, lastLine

PAGE = b"\x1b%-12345X@PJL\r\n\x00\xff page of {}\x1b%-12345X"


def queue(device: str, *more: str, name: str = "ward3", kind: str = "Printer") -> str:
    """A queue as cupsd writes it."""
    lines = [f"<{kind} {name}>", "PrinterId 1", f"DeviceURI {device}", "State Idle", *more]
    return "\n".join([*lines, "Accepting Yes", "JobSheets none none", f"</{kind}>", ""])


def found(text: str, drivers: str = "") -> Imported:
    """What comes of a C{printers.conf}."""
    reactor: Any = MemoryReactorClock()
    return imported(reactor, queuesOf(text), lambda name: name in drivers.split())


def printers(text: str) -> list[dict[str, Any]]:
    """The printers of a configuration file."""
    return list(tomllib.loads(text).get("printer", []))


@pytest.mark.parametrize(
    ("device", "uri", "notes"),
    [
        ("socket://h:9100", "socket://h:9100", ""),
        (
            "socket://h:9100/?waiteof=false&snmp=false",
            "socket://h:9100/?waiteof=false&snmp=false",
            "",
        ),
        ("socket://h/?bogus=1", "socket://h/", "bogus=1 is left out: CUPS does not know it either"),
        ("socket://ann:x@h", "socket://h", "the user in its socket URI is left out"),
        ("lpd://h/q?timeout=300&format=o", "lpd://h/q?finish-timeout=300&format=o", ""),
        ("lpd://h/q?mode=stream", "lpd://h/q", "mode=stream is left out: a job is streamed if"),
        ("lpd://h/q?order=data,control", "lpd://h/q?order=data,control", ""),
        ("ipp://h/ipp?encryption=required", "ipps://h/ipp", ""),
        ("ipp://h/ipp?encryption=never", "ipp://h/ipp", "encryption=never is left out"),
        (
            "ipp://h/ipp?waitjob=false&version=1.1",
            "ipp://h/ipp?waitjob=false",
            "version=1.1 is left",
        ),
        ("http://h:631/printers/a", "ipp://h:631/printers/a", ""),
        ("https://h:631/printers/a", "ipps://h:631/printers/a", ""),
        ("usb://HP/LaserJet%204?serial=1", "usb://HP/LaserJet%204?serial=1", ""),
        ("parallel:/dev/lp0", "parallel:/dev/lp0", ""),
        ("file:///dev/usb/lp0", "/dev/usb/lp0", ""),
        ("serial:/dev/ttyS0?baud=9600+bits=8", "serial:/dev/ttyS0?baud=9600&bits=8", ""),
        (
            "serial:/dev/ttyS0?baud=9600+flow=dtrdsr",
            "serial:/dev/ttyS0?baud=9600",
            "flow=dtrdsr is",
        ),
    ],
)
def test_uris(device: str, uri: str, notes: str) -> None:
    """A device URI has its meaning here, or a comment says what has none."""
    result = found(queue(device))
    [printer] = printers(result.text)
    assert (printer["name"], printer["uri"]) == ("ward3", uri)
    told = [line for line in result.text.splitlines() if "left out" in line]
    assert len(told) == bool(notes) and notes in "\n".join(told)


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("dnssd://HP._ipp._tcp.local/", "look up the printer's host"),
        ("implicitclass://a/", "makes something else of a job"),
        ("hp:/net/LaserJet?ip=1.2.3.4", "name the printer itself"),
        ("file:///tmp/out.prn", "a file that each job replaces"),
        ("file:/dev/null", "prints nowhere"),
        ("smb://ann:opensesame@h/q", "smb: is not known here"),
        ("socket://h:99999", "port '99999' is not a number"),
        ("ipp://ann:sesame%zz@h/", "user name or password: a %"),
        ("", "it has no device URI"),
    ],
)
def test_notTakenOver(device: str, why: str) -> None:
    """What cannot be a printer is a comment that says why, without secrets."""
    result = found(queue(device))
    assert printers(result.text) == [] and (result.queues, result.taken) == (1, 0)
    [line] = [line for line in result.text.splitlines() if "not taken over" in line]
    assert line.startswith("# ward3 is not taken over: ") and why in line
    assert "sesame" not in line


def test_everythingAboutAQueue() -> None:
    """Descriptions, places, time-outs and the default; what has no meaning is told."""
    result = found(
        queue(
            "socket://h/?contimeout=60",
            'Info Ward \\# 3 "left" \\ back',
            "Location Room é",
            "DenyUser ann",
            "DenyUser @wheel",
            "Option media a4",
            "PageLimit 10",
            "State Stopped",
            "Accepting No",
            kind="DefaultPrinter",
        )
    )
    assert tomllib.loads(result.text) == {
        "default-port": "ward3",
        "printer": [
            {
                "name": "ward3",
                "uri": "socket://h/",
                "description": 'Ward # 3 "left" \\ back',
                "location": "Room é",
                "connect-timeout": 60,
            }
        ],
    }
    for told in ("DenyUser ann @wheel", "Option media a4", "PageLimit 10", "is stopped in CUPS"):
        assert told in result.text, told


def test_names() -> None:
    """A name that no printing port can have stays as an alias; no two are the same."""
    names = ["HP.Laser", "HP-Laser", "hp~laser", "PORT7", "dr\u00fcck", "a"]
    result = found("".join(queue(f"socket://h{n}", name=name) for n, name in enumerate(names)))
    known = {printer["name"]: printer for printer in printers(result.text)}
    assert list(known) == ["HP-Laser", "HP-Laser-2", "hp-laser-3", "PORT7", "dr-ck", "a"]
    assert known["HP-Laser"]["aliases"] == ["HP.Laser"] and known["PORT7"]["number"] == 7
    assert known["HP-Laser-2"]["aliases"] == ["HP-Laser"] or "aliases" in known["HP-Laser-2"]
    assert "senders cannot type its name in CUPS" in result.text


def test_driversAndClasses() -> None:
    """A queue with a driver and a class are told; what stood for them can be taken by hand."""
    text = queue("socket://h", "MakeModel HP LaserJet 4") + queue("socket://i", name="raw")
    text += "<DefaultClass both>\nInfo both\nPrinter ward3\nPrinter raw\n</DefaultClass>\n"
    result = found(text, drivers="ward3")
    assert [printer["name"] for printer in printers(result.text)] == ["raw"]
    assert "it has a driver (HP LaserJet 4)" in result.text
    assert '# uri = "socket://h"' in result.text
    assert "# both is not taken over: a class of ward3, raw" in result.text
    assert "# The default of CUPS, both, is not taken over." in result.text


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file goes to standard output, the count to standard error; classes stand beside it."""
    (tmp_path / "printers.conf").write_text(queue("socket://h") + queue("smb://h/q", name="b"))
    (tmp_path / "classes.conf").write_text("<Class c>\nPrinter b\n</Class>\n")
    (tmp_path / "ppd").mkdir()
    assert cli.main(["import-cups", str(tmp_path / "printers.conf")]) == 0
    out, err = capsys.readouterr()
    assert len(printers(out)) == 1 and err.startswith("1 of 3 queues are printers; ")
    (tmp_path / "ppd" / "ward3.ppd").touch()
    assert cli.main(["import-cups", str(tmp_path / "printers.conf")]) == 0
    assert printers(capsys.readouterr().out) == []
    assert cli.main(["import-cups", str(tmp_path / "gone")]) == 1
    assert "gone: No such file or directory; name a printers.conf" in capsys.readouterr().err
    (tmp_path / "ppd" / "gateway.toml").write_text('port = "2121"\n')
    assert cli.main(["import-cups", str(tmp_path / "ppd" / "gateway.toml")]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "gateway.toml: no queue is in it; name a printers.conf" in err


def configuration(text: str, folder: Path) -> Configuration:
    """What a configuration file makes."""
    (folder / "gateway.toml").write_text(text)
    reactor: Any = MemoryReactorClock()
    return composed(readFile(reactor, str(folder / "gateway.toml")))


QUEUES = 400
SAMPLED = 20


@pytest.mark.slow
def test_cupsd(tmp_path: Path) -> None:
    """
    A real cupsd with four hundred queues: all of them become printers, and twenty that are tried
    print the same bytes through both.
    """
    sampled = {f"q{n * (QUEUES // SAMPLED)}": RawPrinter() for n in range(SAMPLED)}
    devices = {
        f"q{n}": (
            sampled[f"q{n}"].uri() + "/?contimeout=30"
            if f"q{n}" in sampled
            else ("socket://{}", "lpd://{}/q", "ipp://{}/ipp/print")[n % 3].format(
                f"192.0.2.{n % 250}"
            )
        )
        for n in range(QUEUES)
    }
    text = "".join(
        queue(device, f"Info Queue \\# {name}", "ErrorPolicy abort-job", name=name)
        for name, device in devices.items()
    )
    server = PrintServer("socket://192.0.2.1:9100", text)
    try:
        server.administer("-d", "q0")
        pages = {name: PAGE.replace(b"{}", name.encode()) for name in sampled}
        for name, page in pages.items():
            (tmp_path / name).write_bytes(page)
            server.print(name, tmp_path / name)
        written = server.configuration.read_text()
        for name, printer in sampled.items():
            assert printer.waitForJob(1) == pages[name]
    finally:
        server.stop()
    assert "Written by cupsd" in written and "DefaultPrinter q0" in written
    result = found(written)
    assert (result.queues, result.taken) == (QUEUES + 1, QUEUES + 1)
    made = configuration(result.text, tmp_path)
    assert made.default == "q0"
    assert {port.settings.description for port in made.ports} >= {"Queue # q0", "Queue # q399"}
    with Gateway(tmp_path, f"--config={tmp_path / 'gateway.toml'}", "--max-sessions=9") as gateway:
        for name, printer in sampled.items():
            with Session(gateway.port) as session:
                assert lastLine(session.send(pages[name], f"{name}/page"))[:3] == "226"
            assert printer.jobs == [pages[name], pages[name]]
    for printer in sampled.values():
        printer.stop()
