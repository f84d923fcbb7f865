"""
Who imports whom: one direction only, and the two sides of the gateway never each other.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

import jetdirect

PACKAGE = Path(jetdirect.__file__).parent

# The first row that fits a module holds. No row has "tap"; a module without a row needs one.
MAY_IMPORT = {
    # what everybody stands on
    "jetdirect": "",
    "text": "",
    "errors": "text",
    "language": "",
    "certificate": "",
    "networks": "",
    "options": "",
    "pjl": "language",
    "record": "",
    "uri": "",
    "spool": "",
    "spool.record": "",
    "spool.beat": "spool.record",
    "spool.where": "options",
    "wanted": "record",
    "life": "record",
    "interfaces": "net.reactor errors options record uri spool.beat spool.record wanted",
    "spool.limits": "options",
    # TCP
    "net": "",
    "net.agenda": "",
    "net.deadline": "",
    "net.reactor": "",
    "net.facts": "",
    "net.tuning": "net.facts",
    "net.pulse": "net.facts",
    "net.pipe": "",
    "net.events": "net.reactor",
    "net.stream": "net.events net.facts net.pipe net.tuning",
    "net.listener": "net.events net.stream net.tuning",
    "net.dialing": "net.events net.stream net.tuning",
    "net.network": "net.agenda net.reactor net.dialing net.events net.listener net.stream"
    " net.tuning",
    "net.belowtls": "net.facts",
    "net.gaps": "net.network",
    "net.commandreactor": "net.events",
    "net.dial": "net.reactor errors net.deadline net.network",
    # the job and its turn
    "guard": "errors interfaces",
    "phase": "record",
    "job": "errors interfaces guard language phase record",
    "condition": "interfaces",
    "portnames": "",
    "named": "interfaces networks options portnames spool.limits text",
    "visit": "condition errors interfaces guard named",
    "port": "condition errors interfaces guard named record visit",
    "watchers": "interfaces record",
    "testpage": "text",
    "tlstrust": "",
    "portrecords": "port record spool.queue spool.spooling",
    "server": "testpage text errors interfaces job named port portnames portrecords record"
    " spool.intake spool.queue spool.spooling watchers",
    "verbs": "errors interfaces life port record server spool.kept spool.queue spool.record wanted",
    # who looks on
    "watch": "",
    "watch.retention": "record",
    "watch.settings": "uri",
    "watch.trust": "tlstrust watch.settings",
    "watch.wire": "net.reactor net.dial",
    "watch.notify": "interfaces net.deadline record text watch.*",
    "watch.*": "net.reactor errors text interfaces record wanted watch.*",
    "onlookers": "net.reactor interfaces record server spool.record watch.*",
    # over HTTP
    "web": "",
    "web.places": "",
    "web.admission": "",
    "web.shapes": "record",
    "web.access": "",
    "web.phrases": "record",
    "web.rows": "record web.access web.phrases",
    "web.notes": "web.rows",
    "web.parts": "record web.api web.phrases web.rows web.shapes",
    "web.about": "web.access web.parts web.phrases web.rows web.shapes",
    "web.pages": "errors interfaces record web.*",
    "web.frame": "web.access web.parts web.phrases web.rows",
    "web.events": "interfaces record web.access web.frame web.pages web.parts",
    "web.forms": "web.rows",
    "web.reply": "web.access web.admission",
    "web.router": "text web.*",
    "web.secure": "certificate",
    "web.side": "interfaces web.*",
    "web.api": "errors interfaces record wanted web.shapes",
    "web.site": "text web.events web.forms web.places web.reply",
    # jobs on disk
    "spool.flushes": "",
    "spool.journal": "",
    "spool.writeback": "",
    "spool.disk": "spool.flushes spool.record spool.writeback",
    "spool.durable": "spool.disk",
    "spool.numbers": "spool.disk spool.durable",
    "spool.paused": "spool.disk spool.durable spool.record",
    "spool.state": "interfaces spool.asked spool.directory spool.disk spool.files spool.numbers"
    " spool.paused spool.record spool.threads",
    "spool.paths": "spool.record",
    "spool.steps": "spool.disk spool.paths spool.record",
    "spool.beside": "spool.asked spool.steps",
    "spool.keeper": "spool.disk spool.record spool.steps",
    "spool.processes": "net.network spool.asked spool.beside spool.keeper spool.steps",
    "spool.draft": "errors spool.beside spool.disk spool.paths spool.record spool.steps",
    "spool.store": "errors spool.disk spool.draft spool.durable spool.numbers spool.paths"
    " spool.paused spool.record spool.steps",
    "spool.directory": "spool.disk",
    "spool.threads": "",
    "spool.turns": "",
    "spool.asked": "interfaces spool.record spool.turns",
    "spool.files": "errors interfaces net.pipe spool.asked spool.beside spool.directory spool.disk"
    " spool.draft spool.journal spool.processes spool.record spool.store spool.threads spool.turns",
    "spool.offline": "spool.directory spool.disk spool.record spool.store text",
    "spool.writer": "errors interfaces",
    "spool.line": "errors interfaces spool.record",
    "spool.intake": "errors guard interfaces job record spool.line spool.record spool.writer",
    "spool.dialling": "",
    "spool.lookout": "spool.dialling",
    "spool.duplicates": "interfaces spool.record",
    "spool.seen": "record spool.record",
    "spool.kept": "errors guard interfaces language spool.record",
    "spool.context": "errors interfaces named record spool.dialling spool.record",
    "spool.elsewhere": "record spool.verbs",
    "spool.shared": "errors interfaces spool.beat spool.context spool.queue spool.record"
    " spool.turns",
    "spool.postgresql": "",
    "spool.postgresql.schema": "",
    "spool.postgresql.fair": "",
    "spool.postgresql.database": "errors spool.postgresql.schema",
    "spool.postgresql.table": "errors spool.duplicates spool.record spool.postgresql.database",
    "spool.postgresql.draft": "errors spool.record spool.postgresql.database"
    " spool.postgresql.table",
    "spool.postgresql.member": "errors spool.beat spool.record spool.postgresql.*",
    "spool.postgresql.places": "",
    "spool.postgresql.spool": "errors interfaces spool.asked spool.beat spool.record spool.threads"
    " spool.postgresql.*",
    "spool.postgresql.moving": "errors spool.offline spool.record spool.store spool.postgresql.*",
    "spool.postgresql.opening": "interfaces spool.offline spool.where spool.postgresql.*",
    "spool.portjobs": "record spool.context spool.kept spool.record spool.seen",
    "spool.doubt": "errors named spool.kept spool.record",
    "spool.retention": "errors record spool.duplicates spool.context spool.limits spool.portjobs"
    " spool.record",
    "spool.changes": "errors interfaces spool.context spool.portjobs spool.record spool.retention",
    "spool.printing": "errors named spool.changes spool.doubt spool.context spool.kept"
    " spool.lookout spool.portjobs spool.record",
    "spool.verbs": "errors record spool.changes spool.doubt spool.context spool.portjobs"
    " spool.printing spool.record spool.retention spool.turns",
    "spool.queue": "errors named record spool.*",
    "spool.spooling": "errors interfaces record spool.*",
    # the sender's side: what is sent, and read
    "ftp": "",
    "ftp.acknowledgement": "job net.*",
    "ftp.address": "",
    "ftp.announced": "net.*",
    "ftp.gathering": "",
    "ftp.hello": "",
    "ftp.lines": "",
    "ftp.records": "",
    "ftp.replies": "errors interfaces text",
    "ftp.seldom": "",
    "ftp.settings": "certificate networks",
    "ftp.strangers": "",
    "ftp.text": "text",
    "ftp.turns": "",
    # the control line
    "ftp.control": "certificate net.* text ftp.address ftp.lines ftp.replies ftp.seldom"
    " ftp.settings ftp.strangers ftp.turns",
    # the data line
    "ftp.dataconnection": "certificate net.* ftp.hello ftp.records",
    "ftp.data": "certificate net.* errors interfaces ftp.dataconnection ftp.gathering ftp.hello",
    "ftp.dataports": "net.* errors networks ftp.address ftp.data ftp.dataconnection ftp.settings",
    # what a sender may do
    "ftp.listing": "ftp.text",
    "ftp.paths": "portnames ftp.text",
    "ftp.names": "ftp.listing ftp.paths ftp.text",
    "ftp.shell": "job port portnames server text ftp.listing ftp.names ftp.paths",
    "ftp.stock": "errors job text ftp.listing ftp.paths ftp.shell",
    "ftp.realm": "job net.deadline server text ftp.shell ftp.stock ftp.text",
    # a session, of parts
    "ftp.command": "ftp.replies",
    "ftp.pipeline": "ftp.replies",
    "ftp.timers": "net.* ftp.replies ftp.settings",
    "ftp.lingering": "net.*",
    "ftp.state": "ftp.paths ftp.shell",
    "ftp.transfer": "errors job ftp.data ftp.replies ftp.settings",
    "ftp.upload": "net.* errors interfaces job port ftp.data ftp.replies ftp.transfer",
    "ftp.interpreter": "ftp.command ftp.control ftp.lines ftp.paths ftp.pipeline ftp.replies"
    " ftp.strangers ftp.text",
    "ftp.session": "net.reactor job ftp.acknowledgement ftp.announced ftp.command ftp.control"
    " ftp.data ftp.interpreter ftp.lines ftp.paths ftp.replies ftp.shell ftp.state ftp.timers"
    " ftp.transfer",
    # its commands
    "ftp.commands": "",
    "ftp.commands.table": "ftp.command ftp.commands.* ftp.session",
    "ftp.commands.*": "interfaces job net.deadline networks port text ftp.address ftp.announced"
    " ftp.command ftp.data ftp.dataports ftp.listing ftp.paths ftp.pipeline ftp.realm ftp.replies"
    " ftp.session ftp.state ftp.text ftp.upload",
    # how many there may be
    "ftp.factory": "net.reactor networks ftp.address ftp.announced ftp.commands.table ftp.control"
    " ftp.data ftp.lingering ftp.replies ftp.seldom ftp.session ftp.settings ftp.timers ftp.turns",
    # the printers' side: what they share, then the printers, none of which knows another
    "transports": "",
    "transports.file": "",
    "transports.ipp": "",
    "transports.lpd": "",
    "transports.pjl": "",
    "transports.snmp": "",
    "transports.usb": "",
    "transports.wrapped": "interfaces",
    "transports.dressing": "errors interfaces transports.wrapped",
    "transports.gap": "interfaces transports.wrapped",
    "transports.policy": "errors interfaces language pjl transports.wrapped",
    "transports.shorthand": "",
    "transports.ieee1284": "interfaces",
    "transports.snmp.ber": "",
    "transports.snmp.transport": "net.reactor interfaces transports.snmp.ber transports.ieee1284"
    " transports.wrapped",
    "transports.cups": "",
    "transports.build": "interfaces net.* options uri transports.cups transports.dressing"
    " transports.gap transports.pjl.transport transports.policy transports.shorthand"
    " transports.snmp.transport transports.socket",
    "transports.scheme": "net.reactor errors interfaces options uri",
    "transports.checks": "net.reactor interfaces uri transports.build transports.endpoint"
    " transports.shorthand",
    "transports.reach": "errors interfaces net.* uri transports.endpoint",
    "transports.backchannel": "",
    "transports.backpressure": "",
    "transports.ending": "errors interfaces",
    "transports.threads": "net.reactor errors",
    "transports.descriptor": "errors interfaces net.* transports.ending",
    "transports.driver": "net.reactor errors interfaces transports.backpressure transports.ending"
    " transports.threads",
    "transports.pjl.talk": "",
    "transports.pjl.codes": "interfaces transports.pjl.talk",
    "transports.pjl.brackets": "language pjl transports.pjl.talk",
    "transports.pjl.question": "interfaces language net.* transports.pjl.talk transports.pjl.codes",
    "transports.pjl.transport": "interfaces language transports.backchannel transports.pjl.talk"
    " transports.pjl.brackets transports.pjl.question transports.wrapped",
    "transports.socket": "errors interfaces net.* options uri transports.tls"
    " transports.backchannel transports.ending transports.endpoint"
    " transports.pjl.transport",
    "transports.dialogue": "errors net.*",
    "transports.ipp.credentials": "",
    "transports.lpd.rfc1179": "",
    "transports.lpd.reserved": "",
    "transports.ipp.rfc8010": "",
    "transports.tls": "options tlstrust uri",
    "transports.endpoint": "net.reactor interfaces uri transports.tls",
    "transports.ipp.http": "",
    "transports.ipp.httpclient": "errors net.* transports.dialogue transports.tls"
    " transports.ipp.http",
    "transports.ipp.rfc8011": "interfaces transports.ipp.rfc8010",
    "transports.ipp.client": "errors net.* transports.ipp.credentials"
    " transports.ipp.http transports.ipp.httpclient transports.ipp.rfc8010 transports.ipp.rfc8011",
    "transports.ipp.job": "errors interfaces transports.ending transports.ipp.client"
    " transports.ipp.rfc8010 transports.ipp.rfc8011",
    "transports.ipp.transport": "errors interfaces net.* options uri transports.ending"
    " transports.ipp.rfc8010"
    " transports.ipp.rfc8011"
    " transports.ipp.httpclient transports.ipp.client transports.ipp.job transports.tls",
    "transports.lpd.client": "net.* errors interfaces transports.dialogue"
    " transports.ending"
    " transports.lpd.rfc1179",
    "transports.lpd.stream": "errors interfaces transports.ending transports.lpd.client",
    "transports.lpd.spool": "errors interfaces transports.backpressure transports.ending"
    " transports.threads"
    " transports.lpd.client",
    "transports.lpd.transport": "options interfaces net.* uri transports.ending transports.threads"
    " transports.lpd.rfc1179 transports.lpd.client transports.lpd.reserved"
    " transports.lpd.stream transports.lpd.spool",
    "transports.file.existing": "",
    "transports.file.appended": "transports.file.existing",
    "transports.file.reader": "",
    "transports.file.fifo": "errors interfaces net.* transports.descriptor transports.ending"
    " transports.file.existing transports.file.reader",
    "transports.file.transport": "net.reactor errors interfaces options uri"
    " transports.backpressure transports.ending transports.threads transports.file.existing"
    " transports.file.appended transports.file.fifo",
    "transports.usb.usblp": "errors interfaces transports.ieee1284",
    "transports.usb.transport": "net.reactor errors interfaces options uri transports.driver"
    " transports.ending transports.usb.usblp",
    "transports.parallel": "net.reactor errors interfaces options uri transports.driver"
    " transports.ending transports.ieee1284",
    "transports.*": "errors interfaces net.* options uri transports.scheme transports.ieee1284"
    " transports.backchannel transports.backpressure transports.descriptor transports.ending"
    " transports.threads",
    # all that an operator can say
    "configuration": "named ftp.settings spool.where watch.retention watch.settings web.access"
    " web.places",
    "overview": "changes commandline configuration options",
    "commandline": "options named ftp.* spool.limits spool.where transports.* watch.retention"
    " watch.settings",
    "changes": "commandline configuration named options ftp.settings",
    # those who know both sides
    "stores": "net.reactor configuration errors interfaces server spool.files"
    " spool.postgresql.opening spool.state spool.threads spool.turns spool.where"
    " watch.*",
    "gateway": "text certificate changes configuration interfaces listeners net.network onlookers"
    " overview server spool.threads stores verbs ftp* watch* web.secure web.side",
    "testing*": "configuration errors guard interfaces language job named port server net.* ftp*"
    " spool.record transports* gateway testing*",
    # the command
    "listeners": "options net.* web.places",
    "checkers": "options",
    "help": "jetdirect options transports.build commandline",
    "located": "",
    "words": "net.reactor checkers listeners options portnames text uri spool.where watch.settings"
    " web.places",
    "contradictions": "commandline listeners options spool.where web.places words",
    "compose": "certificate checkers commandline configuration contradictions interfaces listeners"
    " named portnames uri ftp.settings transports.build transports.policy watch.retention"
    " watch.settings watch.trust web.access words",
    "configfile": "net.reactor commandline located options words",
    "checking": "net.reactor changes configuration listeners named spool.directory"
    " spool.postgresql.opening spool.where text transports.checks transports.reach",
    "collector": "",
    "brief": "",
    "loglines": "",
    "jsonlines": "",
    "logfile": "brief jsonlines loglines",
    "cups": "net.reactor named options portnames text transports.build transports.cups",
    "daemon": "",
    "descriptors": "",
    "process": "net.reactor configuration text gateway interfaces listeners logfile net.listener"
    " overview spool.threads spool.turns transports.checks watch.systemd words",
    "standby": "net.reactor configuration interfaces listeners process spool.directory"
    " watch.systemd web.reply web.secure web.site",
    "tap": "net.reactor text configuration checkers checking collector commandline compose"
    " configfile daemon descriptors errors ftp.address help interfaces listeners logfile"
    " net.commandreactor net.gaps options process spool.files spool.threads spool.where standby"
    " transports.checks web.places words",
    "verb": "",
    "remote": "",
    "remote.wire": "verb",
    "remote.words": "text",
    "remote.*": "testpage verb remote.*",
    "testalarm": "net.reactor configuration interfaces net.deadline onlookers text watch.*",
    "cli": "checking cups help options remote.* spool.offline spool.postgresql.opening spool.where"
    " tap testalarm text verb words",
    "__main__": "cli",
}


def complaints(package: Path) -> list[str]:
    """What in the package goes against the table, or imports the global reactor as it is loaded."""
    modules = {_nameOf(path.relative_to(package)): path for path in package.rglob("*.py")}
    said = []
    for module, path in sorted(modules.items()):
        row = next((row for row in MAY_IMPORT if fnmatchcase(module, row)), None)
        if row is None:
            said.append(f"{module} has no row")
            continue
        pairs, loaded = _read(path.read_bytes(), path.parent.relative_to(package).parts)
        imported = {_ours(*pair, modules) for pair in pairs}
        for other in sorted(imported - {"", "jetdirect", module}):
            if not any(fnmatchcase(other, allowed) for allowed in MAY_IMPORT[row].split()):
                said.append(f"{module} imports {other}")
        if any(f"{name}.".startswith("twisted.internet.reactor.") for name in loaded):
            said.append(f"{module} imports the global reactor")
    return said


@cache
def _read(source: bytes, place: tuple[str, ...]) -> tuple[set[tuple[str, str]], set[str]]:
    """All that a module imports, and the names of what is loaded with it."""
    tree, folder = ast.parse(source), ["jetdirect", *place]
    loaded = {".".join(pair) for pair in _imports(_outsideFunctions(tree), folder)}
    return set(_imports(ast.walk(tree), folder)), loaded


def _nameOf(path: Path) -> str:
    """C{ftp/data.py} is called C{ftp.data}, C{ftp/__init__.py} is C{ftp}."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "jetdirect"


def _imports(nodes: Iterable[ast.AST], folder: list[str]) -> Iterator[tuple[str, str]]:
    """Each imported module's full name, with the name that is taken from it or C{""}."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) + 1 - node.level] if node.level else []
            source = ".".join([*start, *filter(None, [node.module])])
            yield from ((source, alias.name) for alias in node.names)


def _ours(source: str, name: str, modules: Iterable[str]) -> str:
    """The module of the package that an import means, by its name in the table; C{""} if none."""
    package, _, module = source.partition(".")
    if package != "jetdirect":
        return ""
    inside = f"{module}.{name}".strip(".")
    return inside if inside in modules else module or "jetdirect"


def _outsideFunctions(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is loaded."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from _outsideFunctions(node)


def test_importsGoOneWay() -> None:
    """The package keeps to the table."""
    assert complaints(PACKAGE) == [], "MAY_IMPORT has a row for each module: what it may import"


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("errors.py", "from .interfaces import Delivery", "errors imports interfaces"),
        ("job.py", "import jetdirect.port", "job imports port"),
        ("port.py", "from jetdirect.ftp import data", "port imports ftp.data"),
        ("port.py", "def f():\n    from .ftp.data import x", "port imports ftp.data"),
        (
            "ftp/data.py",
            "from ..transports import file",
            "ftp.data imports transports.file",
        ),
        (
            "transports/parallel.py",
            "from ..ftp.data import x",
            "transports.parallel imports ftp.data",
        ),
        (
            "transports/socket.py",
            "from . import file",
            "transports.socket imports transports.file",
        ),
        ("transports/parallel.py", "from ..job import Job", "transports.parallel imports job"),
        ("gateway.py", "from jetdirect import tap", "gateway imports tap"),
        ("testing/x.py", "import jetdirect.tap as t", "testing.x imports tap"),
        ("stray.py", "", "stray has no row"),
        (
            "net/facts.py",
            "from twisted.internet import reactor",
            "net.facts imports the global reactor",
        ),
        ("tap.py", "import twisted.internet.reactor", "tap imports the global reactor"),
        (
            "tap.py",
            "class C:\n    from twisted.internet.reactor import callLater",
            "tap imports the global reactor",
        ),
    ],
)
def test_strayImportIsFound(tmp_path: Path, file: str, line: str, complaint: str) -> None:
    """One line too many, anywhere in a copy of the package, is named."""
    package = tmp_path / "jetdirect"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    # The modules that the lines name are there, whatever else is.
    for name in (file, "tap.py", "ftp/data.py", "transports/parallel.py", "transports/socket.py"):
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).touch()
    with (package / file).open("a") as module:
        module.write(f"\n{line}\n")

    assert complaints(package) == [complaint]


def test_noCircles() -> None:
    """No module needs itself, by however many others, nor hides from Python whom it needs."""
    modules = {_nameOf(path.relative_to(PACKAGE)): path for path in PACKAGE.rglob("ftp/**/*.py")}
    needs: dict[str, set[str]] = {}
    for module, path in modules.items():
        pairs, _ = _read(path.read_bytes(), path.parent.relative_to(PACKAGE).parts)
        assert ("typing", "TYPE_CHECKING") not in pairs, module
        needs[module] = ({_ours(*pair, modules) for pair in pairs} & set(modules)) - {module}
    assert len(needs) > 30
    while free := {module for module, others in needs.items() if not others & set(needs)}:
        needs = {module: others for module, others in needs.items() if module not in free}
    assert needs == {}


def test_reactorInFunction(tmp_path: Path) -> None:
    """A function may ask for the global reactor when it is called."""
    (tmp_path / "tap.py").write_text("def f():\n    from twisted.internet import reactor\n")
    assert complaints(tmp_path) == []


STOCK_FTP = "ftp.stock"
"""The one module that knows the FTP server of Twisted, which installs a reactor as it is loaded."""


def test_stockFTPIsKnownToOneModule() -> None:
    """Nothing but its adapters imports C{twisted.protocols.ftp}."""
    importers = {
        _nameOf(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for pair in _read(path.read_bytes(), path.parent.relative_to(PACKAGE).parts)[0]
        if ".".join(pair).startswith("twisted.protocols.ftp")
    }
    assert importers == {STOCK_FTP}


@pytest.mark.slow
def test_noReactorIsInstalled() -> None:
    """An embedding program may choose a reactor after it imported any module but that one."""
    modules = sorted(
        ".".join(filter(None, ["jetdirect", _nameOf(path.relative_to(PACKAGE))]))
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py" and _nameOf(path.relative_to(PACKAGE)) != STOCK_FTP
    )
    assert "jetdirect.gateway" in modules
    program = "import importlib, sys\n" + "".join(
        f"importlib.import_module({name!r})\n"
        "if 'twisted.internet.reactor' in sys.modules: sys.exit({name!r})\n".format(name=name)
        for name in modules
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


SELDOM_WANTED = (
    *("jetdirect.checking", "jetdirect.configfile", "jetdirect.help", "jetdirect.onlookers"),
    *("jetdirect.spool.files", "jetdirect.spool.queue", "jetdirect.spool.spooling"),
    *("jetdirect.standby", "jetdirect.watch.database", "jetdirect.watch.notify"),
    *("jetdirect.web.side", "jetdirect.web.site"),
    *("h11", "sqlite3", "tomllib", "twisted.web"),
)
"""What a gateway with one printer on the network has no use for."""


@pytest.mark.slow
def test_startLoadsWhatItUses() -> None:
    """A gateway that only prints loads no module of what it was not asked for."""
    program = (
        "import sys\n"
        "from jetdirect.tap import Options, makeService\n"
        "options = Options()\n"
        "options.parseOptions(['--port=tcp:0', '--printer=socket://127.0.0.1'])\n"
        "makeService(options)\n"
        f"print(*[each for each in {SELDOM_WANTED!r} if each in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == []
