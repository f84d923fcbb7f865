"""
What is set, for people who look at a running gateway: all of it, and no secret.
"""

from __future__ import annotations

import json
from typing import Any

from jetdirect.commandline import NEVER_IN_A_FILE, OPTIONS
from jetdirect.configuration import Configuration, Said
from jetdirect.ftp.settings import SessionSettings
from jetdirect.named import NamedPrinter, PortSettings, Printers
from jetdirect.overview import Reload, overview, settingsOf
from jetdirect.spool.limits import Keep
from jetdirect.testing import FakePrinter
from jetdirect.watch.settings import MailServer, NotifySettings


def options(configuration: Configuration) -> dict[str, dict[str, Any]]:
    """The options by their names."""
    told = overview(configuration, False, None)
    assert json.loads(json.dumps(told)) == told
    return {each["name"]: each for each in told["options"]}


def test_everyOption() -> None:
    """Each option that a file can hold is there once, with a value that a person can read."""
    found = options(Configuration([FakePrinter()]))
    wanted = {option.name for option in OPTIONS} - set(NEVER_IN_A_FILE) | {"notify"}
    assert found.keys() == wanted
    assert len(overview(Configuration([FakePrinter()]), False, None)["options"]) == len(wanted)
    assert all(each["value"] and "None" not in each["value"] for each in found.values())
    assert all(each["topic"] for each in found.values())


def test_values() -> None:
    """What was said stands as it was said, with the place; else what is set; else the default."""
    said = {"port": Said("2121", "gateway.toml:3: port")}
    found = options(
        Configuration(
            [FakePrinter()],
            sessions=SessionSettings(greeting="Hello"),
            said=said,
            defaults=PortSettings(busyTimeout=5.0),
        )
    )
    assert (found["port"]["value"], found["port"]["where"]) == ("2121", "gateway.toml:3")
    assert (found["greeting"]["value"], found["greeting"]["where"]) == ("Hello", None)
    assert found["busy-timeout"]["value"] == "5"
    assert found["max-sessions-per-host"]["value"] == "all"


def test_alarms() -> None:
    """Who is told of alarms, without how the gateway proves who it is."""
    server = MailServer("mail.example.com", 25, user="ops", password="s3cret")
    alarms = NotifySettings(("ops@example.com",), smtp=server, secret=b"h00k")
    configuration = Configuration([FakePrinter()], notify=alarms)
    assert options(configuration)["notify"]["value"] == str(alarms)
    assert options(Configuration([FakePrinter()]))["notify"]["value"] == "nobody"
    told = json.dumps(overview(configuration, True, None))
    assert "s3cret" not in told and "h00k" not in told


def test_reload() -> None:
    """When the configuration was read last, and what came of it."""
    plain = Configuration([FakePrinter()], file="gateway.toml")
    assert overview(plain, True, None)["reloaded"] is None
    told = overview(plain, True, Reload(0.9, ["port is 7"], ["x: no such key"]))
    assert (told["file"], told["reloads"]) == ("gateway.toml", True)
    assert told["reloaded"] == {
        "time": "1970-01-01T00:00:00Z",
        "changes": ["port is 7"],
        "errors": ["x: no such key"],
    }
    assert overview(Configuration([FakePrinter()]), False, None)["file"] is None


def test_settingsOf() -> None:
    """Of one port only what is otherwise than for all, and is not shown beside it anyway."""
    settings = PortSettings(
        busyTimeout=5.0, location="Room 12", description="HP", share=3, spool=True,
        keep=Keep(jobs=20),
    )  # fmt: skip
    ports: Printers = [NamedPrinter("ward3", FakePrinter(), settings=settings), FakePrinter()]
    configuration = Configuration(ports, default="ward3", spool="/var/spool/jetdirect")
    assert dict(settingsOf(configuration, "WARD3")) == {
        "busy-timeout": "5",
        "keep": "20",
    }
    assert settingsOf(configuration, "PORT1") == settingsOf(configuration, "gone") == []
