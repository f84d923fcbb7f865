"""
Each invariant fails on a record that is wrong in just that respect.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from laboratory.faults.invariants import (
    RULES,
    Ending,
    Heard,
    Print,
    Record,
    Run,
    Upload,
    Violation,
    check,
)

PAGE = b"%!PS a page"


def good() -> Run:
    """One job, as it should be."""
    reply = Heard(226, "226-Ready\n226 Transfer complete (PORT1, job 1, 11 bytes, delivered)")
    return Run(
        uploads=[
            Upload(
                "page",
                PAGE,
                sent=len(PAGE),
                replies=[Heard(150, "150 Opening"), reply],
                faultless=True,
                tail=lambda cut: b"\x04" if cut else b"",
            )
        ],
        prints=[Print("printer1", "page", PAGE, len(PAGE), opened=1.0, closed=2.0)],
        records=[
            Record(
                "page",
                1,
                ends=["completed"],
                bytes=len(PAGE),
                reply="226",
                printed="yes",
                acknowledged=True,
            )
        ],
    )


def refused(code: int, text: str, taken: bytes = b"", state: str = "aborted") -> Run:
    """One job that came to nothing, as it should be."""
    run = good()
    run.uploads[0].replies = [Heard(150, "150 Opening"), Heard(code, f"{code} {text}")]
    run.uploads[0].faultless = False
    run.records[0].ends = [state]
    run.records[0].reply = str(code)
    run.records[0].printed = "part" if taken else "no"
    run.prints = [Print("printer1", "page", taken, len(taken))] if taken else []
    return run


def test_nothingIsWrongWithAGoodJob() -> None:
    """And with none at all."""
    assert check(good()) == []
    assert check(Run()) == []


def test_nothingIsWrongWithAHonestRefusal() -> None:
    """4xx with nothing printed, 551 with a part and its tail."""
    assert check(refused(451, "Job 1 not printed")) == []
    assert check(refused(551, "Job 1 failed", PAGE[:5] + b"\x04")) == []
    run = refused(426, "Job 1 aborted", PAGE[:5] + b"\x04", "canceled")
    run.uploads[0].aborts = 1
    run.uploads[0].abortReplies = [Heard(226, "226 Abort done")]
    assert check(run) == []


def test_anUnattributedPrintMayBeAnybodys() -> None:
    """A laboratory that cannot tell whose connection it was asks whether it fits any job."""
    run = good()
    run.prints.append(Print("printer2", None, PAGE[:4]))
    assert check(run) == []
    run.prints.append(Print("printer2", None, b"nobody's", opened=1.0, closed=2.0))
    assert [each.rule[:2] for each in check(run)] == ["I2"]


def _text(run: Run, text: str) -> None:
    run.uploads[0].replies[-1] = Heard(226, text)


def _second(run: Run) -> None:
    run.uploads.append(Upload("other", b"other"))
    run.uploads[1].disconnected = True
    run.prints.append(Print("printer1", "other", b"other", opened=1.5, closed=1.9))


def _neverClosed(run: Run) -> None:
    _second(run)
    run.prints[0].closed = None


def _forget(run: Run) -> None:
    del run.uploads[0].replies[-1]
    run.uploads[0].faultless = False
    run.records[0].ends = ["aborted"]


WRONG: list[tuple[str, Callable[[Run], object]]] = [
    ("I1", lambda run: setattr(run.prints[0], "taken", PAGE[:-1])),
    ("I1", lambda run: run.prints.append(Print("printer1", "page", PAGE, opened=3.0, closed=4.0))),
    ("I1", lambda run: run.prints.clear()),
    ("I1", lambda run: _text(run, "226 Transfer complete (PORT1, job 1, 12 bytes, delivered)")),
    ("I2", lambda run: setattr(run.prints[0], "taken", PAGE + b"\f")),
    ("I2", lambda run: setattr(run.prints[0], "taken", PAGE + b"\x04")),
    ("I2", lambda run: setattr(run.prints[0], "upload", "unknown")),
    ("wrong paper", lambda run: setattr(run.uploads[0], "printer", "printer2")),
    ("I3", _second),
    ("I3", _neverClosed),
    ("I4", lambda run: run.uploads[0].replies.append(run.uploads[0].replies[-1])),
    ("I4", _forget),
    ("I4", lambda run: run.uploads[0].replies.append(Heard(150, "150 Opening"))),
    ("I4", lambda run: setattr(run.uploads[0], "aborts", 1)),
    ("I4", lambda run: run.uploads[0].abortReplies.append(Heard(226, "226 Abort done"))),
    ("I5", lambda run: run.records.append(Record("page", 2, ends=["completed"]))),
    ("I5", lambda run: setattr(run.records[0], "starts", 2)),
    ("I5", lambda run: setattr(run.records[0], "ends", [])),
    ("I5", lambda run: setattr(run.records[0], "ends", ["completed", "aborted"])),
    ("I5", lambda run: setattr(run.records[0], "ends", ["aborted"])),
    ("I5", lambda run: setattr(run.records[0], "bytes", 3)),
    ("I5", lambda run: setattr(run.records[0], "reply", "551")),
    ("I5", lambda run: setattr(run.records[0], "reply", "none")),
    ("I5", lambda run: setattr(run.records[0], "printed", "no")),
    ("I5", lambda run: run.records.clear()),
    ("I5", lambda run: setattr(run.records[0], "acknowledged", False)),
    ("I5", lambda run: setattr(run.records[0], "heard", False)),
    ("I5", lambda run: setattr(run.uploads[0], "canceled", True)),
    ("I6", lambda run: run.failures.append("the next job was refused")),
    ("I7", lambda run: run.leftovers.append("a timer")),
    ("226 in spite", lambda run: setattr(run.uploads[0], "ending", Ending.RESET)),
    ("226 in spite", lambda run: setattr(run.uploads[0], "ending", Ending.OPEN)),
    ("226 in spite", lambda run: setattr(run.uploads[0], "announced", 99)),
    ("226 in spite", lambda run: run.uploads[0].against.append("the sender was dead")),
    ("226 in spite", lambda run: setattr(run.uploads[0], "canceled", True)),
    ("226 in spite", lambda run: setattr(run.uploads[0], "ending", Ending.BARE)),
    ("limit", lambda run: setattr(run.uploads[0], "limit", 5)),
    ("I1", lambda run: setattr(run.uploads[0], "dressed", _dressed)),
    ("delivery", lambda run: setattr(run.prints[0], "lost", True)),
    ("delivery", lambda run: setattr(run.prints[0], "early", True)),
    ("delivery", lambda run: setattr(run.prints[0], "read", 3)),
    ("reply class", lambda run: _text(run, "226 Ready")),
    ("oddity", lambda run: run.oddities.append("a reply to nothing")),
]


@pytest.mark.parametrize(("rule", "spoil"), WRONG)
def test_wrongRecord(rule: str, spoil: Callable[[Run], object]) -> None:
    """Made wrong in one respect, it is noticed, by the rule that is there for it."""
    run = good()
    spoil(run)
    assert any(each.rule.startswith(rule) for each in check(run)), check(run)


@pytest.mark.parametrize(
    ("code", "taken", "aborts"),
    [
        (451, PAGE[:3], 0),
        (450, PAGE[:3], 0),
        (421, b"\x04", 0),
        (550, PAGE[:3], 0),
        (426, b"", 0),
        (452, b"", 0),
        (250, b"", 0),
    ],
)
def test_replyClass(code: int, taken: bytes, aborts: int) -> None:
    """The line between 4xx and 5xx, and codes that no upload gets."""
    run = refused(code, "Job 1", taken)
    run.uploads[0].aborts = aborts
    assert "reply class" in {each.rule for each in check(run)}


def test_lookAtThePaperForNothing() -> None:
    """551 for a job of which nothing was ever sent."""
    run = refused(551, "Job 1 failed")
    run.uploads[0].sent = 0
    assert [each.rule for each in check(run)] == ["reply class"]


def test_unconfirmedNeedsEveryByte() -> None:
    """C{sent, unconfirmed} only if all was acknowledged."""
    run = good()
    _text(run, "226 Transfer complete (PORT1, job 1, 11 bytes, sent, unconfirmed)")
    run.prints[0].lost = True
    assert check(run) == []
    run.prints[0].taken = PAGE[:5]
    assert "delivery level" in {each.rule for each in check(run)}


def test_earlyCloseIsAHabitOfSomePrinters() -> None:
    """Those that are known for it may close early."""
    run = good()
    run.prints[0].early = True
    run.earlyClose.add("printer1")
    assert check(run) == []


def test_falseAlarm() -> None:
    """A job with nothing against it is printed."""
    run = refused(451, "Job 1 not printed")
    run.uploads[0].faultless = True
    assert [each.rule for each in check(run)] == ["false alarm"]


def test_limit() -> None:
    """552 is for jobs that are too long; of those, no more than the limit is printed."""
    run = refused(552, "Job 1 refused: more than 5 bytes; a part of it may have been", PAGE[:5])
    run.prints[0].cut = True
    assert [each.rule for each in check(run)] == ["reply class"]
    run.uploads[0].limit = 5
    assert check(run) == []
    run.uploads[0].replies[-1] = Heard(552, "552 Job 1 refused: 5 allowed; nothing was printed")
    assert [each.rule for each in check(run)] == ["reply class"]
    run.uploads[0].replies[-1] = Heard(552, "552 Job 1 refused: 5 allowed")
    run.prints[0].taken = PAGE[:7]
    assert [each.rule for each in check(run)] == ["limit"]


def test_forgottenByItsSender() -> None:
    """Where that is expected, such a job is printed."""
    run = refused(551, "Job 1 failed", PAGE[:5] + b"\x04")
    run.uploads[0].unheard = True
    assert [each.rule for each in check(run)] == ["fire and forget"]
    run = good()
    run.uploads[0].unheard = True
    assert check(run) == []


def _dressed(data: bytes, whole: bool) -> bytes:
    return (b"(" + data.replace(b" ", b"__") + b")"[: int(whole)]) if data else b""


def test_dressed() -> None:
    """What a printer's URI adds belongs to the job; what ends a whole one, not to a cut one."""
    run = good()
    run.uploads[0].dressed = _dressed
    run.prints[0].taken = b"(" + PAGE.replace(b" ", b"__") + b")"
    run.prints[0].read = len(run.prints[0].taken)
    assert check(run) == []
    run.prints[0].taken = run.prints[0].taken[:-1]
    assert {each.rule[:2] for each in check(run)} == {"I1"}
    run = refused(551, "Job 1 failed", b"(%!PS__a\x04")
    run.uploads[0].dressed = _dressed
    assert check(run) == []
    run.prints[0].taken = b"(%!PS_\x04"  # what the one byte has become is cut, too
    assert check(run) == []
    run.prints[0].taken = b"(%!PS_\x04_"
    assert {each.rule[:2] for each in check(run)} == {"I2", "ta"}
    run.prints[0].taken = b"(%!PS__a)"
    run.uploads[0].sent = 7
    run.uploads[0].ending = Ending.RESET
    assert {each.rule[:2] for each in check(run)} == {"I2", "ta"}


def test_tail() -> None:
    """A part without its tail waits for the next job; a part of a tail, cut by the printer, is all
    that could be done."""
    assert [each.rule for each in check(refused(551, "Job 1", PAGE[:5]))] == ["tail of a cut job"]
    run = refused(551, "Job 1", PAGE[:5])
    run.prints[0].cut = True
    assert check(run) == []


def test_noJob() -> None:
    """What is no print job is refused before a byte of it is printed, whatever it is told then."""
    run = refused(551, "Job 1 failed", PAGE[:5] + b"\x04")
    run.uploads[0].unprintable = True
    rule = "what is no print job is not printed"
    assert [each.rule for each in check(run)] == [rule]
    run = refused(451, "Job 1 not printed")
    run.uploads[0].unprintable = True
    assert check(run) == []
    run = good()
    run.uploads[0].unprintable = True
    assert [each.rule for each in check(run)] == [rule]
    run.uploads[0].payload = run.prints[0].taken = PAGE[:5]  # too little for a handshake, in order
    run.uploads[0].sent = 5
    run.uploads[0].replies = [Heard(226, "Transfer complete (PORT1, job 1, 5 bytes, delivered)")]
    assert [each.rule for each in check(run) if each.rule == rule] == []


def test_everyRuleWasSeenFailing() -> None:
    """None of them is decoration."""
    seen = {rule for rule, _ in WRONG} | {"reply class", "false alarm", "tail of a cut job"}
    seen |= {"fire and forget", "what is no print job is not printed"}
    for rule in RULES:
        assert any(rule.startswith(each) for each in seen), rule
    assert str(Violation("I1", "why")) == "I1: why"
