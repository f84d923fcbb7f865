"""
Break the code that decides what a sender is told, one small thing at a time, and see whether the
tests notice: C{python -m laboratory.faults.mutate}.  What survives is explained in
C{docs/evidence/mutation.rst}.

Two tools, because neither reaches everything: mutmut changes the functions (arguments, assignments,
texts, operators), but no property and nothing outside functions; cosmic-ray changes those.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MODULES = [
    "jetdirect/job.py",
    "jetdirect/port.py",
    "jetdirect/ftp/replies.py",
    "jetdirect/ftp/upload.py",
]
TOOLS = ["mutmut==3.8.1", "cosmic-ray==8.7.0"]

TESTS = [
    *("job", "job_limit", "port", "replies", "upload", "status", "limits", "control", "commands"),
    *("strangers", "acknowledgement", "gateway", "server", "shell", "testing"),
]
"""Nothing here starts a process; the nearest first, since the first failure decides."""

PATIENCE = 300.0
"""Seconds that all these tests may take together; they took 20 (two busy cores)."""


@dataclass(frozen=True)
class Mutant:
    """One change to one module, and what became of it."""

    module: str
    name: str
    outcome: str
    change: str

    @property
    def killed(self) -> bool:
        """Did the tests notice?  An endless loop is noticed, too."""
        return self.outcome in ("killed", "timeout")


class Laboratory:
    """A copy of this tree in which anything may be broken, with an environment of its own."""

    def __init__(self, place: Path) -> None:
        self.tree = place / "tree"
        self._log = place / "log"
        self._bin = place / "venv" / "bin"
        ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build")
        shutil.copytree(Path(__file__).parents[2], self.tree, ignore=ignored)
        self._must(sys.executable, "-m", "venv", str(place / "venv"))
        self._must(self.tool("pip"), "install", "--editable", ".[test]", *TOOLS)
        self.tests = [f"tests/test_{name}.py" for name in TESTS]

    def tool(self, name: str) -> str:
        """The path of a program of this environment."""
        return str(self._bin / name)

    def mutmut(self, modules: list[str]) -> Iterator[Mutant]:
        """What mutmut has to say of the functions."""
        with (self.tree / "setup.cfg").open("a") as config:
            config.write("\n[mutmut]\nsource_paths = jetdirect\nprocess_isolation = forkserver\n")
            config.write("debug = true\n")  # show what fails before anything is changed
            config.write(_listed("also_copy", ["twisted"]))
            config.write(_listed("only_mutate", modules))
            config.write(_listed("pytest_add_cli_args", ["-p", "no:cacheprovider"]))
            config.write(_listed("pytest_add_cli_args_test_selection", self.tests))
        self._must(self.tool("mutmut"), "run", "--max-children", "1")
        for line in self._said(self.tool("mutmut"), "results", "--all", "true").splitlines():
            name, _, outcome = line.strip().rpartition(": ")
            dotted = name.partition(".x")[0]
            mutant = Mutant(dotted.replace(".", "/") + ".py", name, outcome, "")
            if not mutant.killed:
                shown = self._said(self.tool("mutmut"), "show", name)
                mutant = Mutant(mutant.module, name, outcome, _changed(shown))
            yield mutant

    def cosmicRay(self, modules: list[str]) -> Iterator[Mutant]:
        """What cosmic-ray has to say of properties, tables and constants."""
        config, session = self.tree.parent / "cosmic.toml", self.tree.parent / "cosmic.sqlite"
        pytest = [self.tool("python"), "-m", "pytest", "-xqp", "no:cacheprovider"]
        near, far = (shlex.join([*pytest, *tests]) for tests in (self.tests[:5], self.tests[5:]))
        command = ["sh", "-c", f"{near} && {far}"]  # reading all the files takes longest
        config.write_text(
            "[cosmic-ray]\nexcluded-modules = []\n"
            f"module-path = {json.dumps(modules)}\n"
            f"timeout = {PATIENCE}\n"
            f"test-command = {json.dumps(shlex.join(command))}\n"
            '[cosmic-ray.distributor]\nname = "local"\n'
        )
        self._must(self.tool("cosmic-ray"), "init", str(config), str(session))
        with sqlite3.connect(session) as work:
            for module in modules:
                for function in _functions(self.tree / module):
                    _forget(work, module, function)
        self._must(self.tool("cosmic-ray"), "baseline", str(config))
        self._must(self.tool("cosmic-ray"), "exec", str(config), str(session))
        for line in self._said(self.tool("cosmic-ray"), "dump", str(session)).splitlines():
            item, result = json.loads(line)
            [change] = item["mutations"]
            where = f"line {change['start_pos'][0]}, {change['operator_name']}"
            outcome = result["test_outcome"] if result else "not run"
            diff = result["diff"] if result else ""
            yield Mutant(change["module_path"], where, outcome, _changed(diff))

    def _must(self, *command: str) -> None:
        with self._log.open("w") as log:
            ended = subprocess.run(
                command, cwd=self.tree, env=_environment(), stdout=log, stderr=log
            )
        if ended.returncode:
            lines = self._log.read_text().replace("\r", "\n").splitlines()
            sys.exit("\n".join(line for line in lines if " PASSED " not in line)[-5000:])

    def _said(self, *command: str) -> str:
        return subprocess.run(
            command,
            cwd=self.tree,
            env=_environment(),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout


def _environment() -> dict[str, str]:
    # A module that is changed twice in a second keeps its time and size: no compiled copies.
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def _listed(option: str, values: list[str]) -> str:
    return f"{option} =\n" + "".join(f"    {value}\n" for value in values)


def _functions(module: Path) -> set[str]:
    # Those that mutmut changes: the ones without a decorator.
    return {
        node.name
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.decorator_list
    }


def _forget(work: sqlite3.Connection, module: str, function: str) -> None:
    where = "WHERE module_path = ? AND definition_name = ?"
    for table in ("work_items", "mutation_specs"):
        work.execute(
            f"DELETE FROM {table} WHERE job_id IN (SELECT job_id FROM mutation_specs {where})",
            (module, function),
        )


def _changed(diff: str) -> str:
    lines = [line for line in diff.splitlines() if line[:1] in ("-", "+")]
    return "\n".join(line for line in lines if line[:3] not in ("---", "+++"))


def _table(mutants: list[Mutant]) -> Iterator[str]:
    yield f"{'module':<28}{'mutants':>8}{'killed':>8}{'survived':>10}"
    for module in sorted({mutant.module for mutant in mutants}):
        those = [mutant for mutant in mutants if mutant.module == module]
        killed = sum(mutant.killed for mutant in those)
        yield f"{module:<28}{len(those):>8}{killed:>8}{len(those) - killed:>10}"


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 if anything survived."""
    parser = argparse.ArgumentParser(prog="python -m laboratory.faults.mutate")
    parser.add_argument("modules", nargs="*", default=MODULES, help="; ".join(MODULES))
    modules = parser.parse_args(arguments).modules
    survived = 0
    with tempfile.TemporaryDirectory() as place:
        laboratory = Laboratory(Path(place))
        for tool, run in zip(TOOLS, (laboratory.mutmut, laboratory.cosmicRay), strict=True):
            mutants = list(run(modules))
            print(f"{tool}\n\n" + "\n".join(_table(mutants)) + "\n", flush=True)
            for mutant in mutants:
                if not mutant.killed:
                    survived += 1
                    print(f"{mutant.module}: {mutant.name}: {mutant.outcome}")
                    print(textwrap.indent(mutant.change, "    "), flush=True)
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
