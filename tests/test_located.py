"""
The line of each key of a TOML document.
"""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetdirect.located import Broken, Document, Path

TEXT = '''# a comment with [brackets] and = signs
port = ["1", # not ] here
  "2"]
a."b c".d = """x
[y]
key = 1
""""
e = {q = "#", r = [1, [2]]}

[defaults]  # [z]
'x' = '[ = \\'
[[printer]]
name = 'a#"'

uri = "x\\"]"
[[printer]]
name = "b"
[printer.sub]
z = 3
[[printer.list]]
y = 1
[[printer.list]]
y = 2
[[printer]]
name = "c"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("port",), 2),
        (("port", 1), 2),
        (("a", "b c", "d"), 4),
        (("e", "r"), 8),
        (("defaults",), 10),
        (("defaults", "x"), 11),
        (("printer",), 12),
        (("printer", 0), 12),
        (("printer", 0, "uri"), 15),
        (("printer", 1), 16),
        (("printer", 1, "sub", "z"), 19),
        (("printer", 1, "list", 1, "y"), 23),
        (("printer", 2, "name"), 25),
        (("nothing",), 1),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_line(path: Path, line: int, ends: str) -> None:
    """Each key is found, whatever stands in the values before it; what is inside a value is not."""
    assert Document(TEXT.replace("\n", ends)).line(path) == line


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a = 1\nb = x\n", 2, "Invalid value"),
        ("a = 1\n\na = 2\n", 3, "Cannot overwrite a value"),
        ('a = 1\nb = """x\n', 3, "Unterminated string"),
        ("a = " + "[" * 100_000, 1, "too many brackets"),
        ("a = " + "9" * 5000, 1, "thousands of digits"),
        ("[a\n", 1, "Expected ']'"),
    ],
)
def test_broken(text: str, line: int, why: str) -> None:
    """What is no TOML is told with its line, whatever the parser stumbles over."""
    with pytest.raises(Broken) as error:
        Document(text)
    assert error.value.line == line and why in str(error.value)
    assert "(at " not in str(error.value)


KEYS = st.sampled_from(["name", "uri", "x-1", '"a.b"', "'#['", "3"])
VALUES = st.one_of(
    st.text(st.sampled_from("ab#[]{}=\"'\\\n,"), max_size=8).map(lambda t: _quoted(t)),
    st.sampled_from(["1", "2.5", "true", "1979-05-27", "'#]'", '""""a"#[\n"""', "'''\n]'''"]),
    st.sampled_from(["[1, # ]\n [2]]", "[[1],[2]]", "{a = 1, b = '}'}", "[]", '["\\"]", "#"]']),
)
LINES = st.one_of(
    st.tuples(st.just("key"), KEYS, VALUES),
    st.tuples(st.just("table"), KEYS, st.just("")),
    st.tuples(st.just("array"), st.sampled_from(["printer", '"p q"']), st.just("")),
    st.tuples(st.just("blank"), st.sampled_from(["", "  # [x]", "\t"]), st.just("")),
)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@given(st.lists(LINES, max_size=12))
def test_everyKey(lines: list[tuple[str, str, str]]) -> None:
    """Every key that the parser finds has the line on which it was written."""
    text = ""
    where: dict[Path, int] = {}
    here: Path = ()
    arrays: dict[str, int] = {}
    for kind, key, value in lines:
        line = text.count("\n") + 1
        name: Any = next(iter(tomllib.loads(f"{key} = 1"))) if kind != "blank" else ""
        match kind:
            case "key":
                text += f"{key} = {value}\n"
                where.setdefault((*here, name), line)
            case "table":
                text += f"[{key}] # x\n"
                here = (name,)
                where.setdefault(here, line)
            case "array":
                text += f"[[{key}]]\n"
                arrays[name] = arrays.get(name, -1) + 1
                where.setdefault((name,), line)
                here = (name, arrays[name])
                where.setdefault(here, line)
            case _:
                text += f"{key}\n"
    try:
        document = Document(text)
    except Broken:
        return  # a key that is there twice
    assert {path: document.line(path) for path in where} == where
