"""
The rules of a spool (L{jetdirect.interfaces.ISpool}), each as a test that any store can run.

It needs no test runner: a rule is a function that is given a L{TestedSpool}, new and empty for each
rule, and raises L{AssertionError} with what is wrong.  All rules at once, without or with pytest::

    assert broken(lambda: TestedSpool(...)) == []

    @pytest.mark.parametrize("rule", RULES)
    def test_contract(rule):
        rule(TestedSpool(...))

What a rule can ask is asked here.  Whether a store keeps its word when the power goes, only cutting
the power tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from ..errors import SpoolFailed, SpoolFull, SpoolSilent, TakenBack
from ..interfaces import IDraft, IKeptData, ISpool
from ..spool.record import Found, JobPlace, Room, SpoolRecord
from .rules import brokenOf, hear, require, verify

PORT = "Ward3"
BYTES = b"%!PS\n" + bytes(range(256)) * 40
LONG = BYTES * 300
"""More than a store should take or give at a time: 3 MB."""

TRIES = 10
"""How often a disk that others write to, too, is asked what a discarded job has left there."""

TURNS = 100_000
"""So often a store is asked to go on before a rule gives up."""

RECORD = SpoolRecord(
    number=0, port="", name="a \u00e9.ps", user="anna", host="192.0.2.7", received=1_800_000_000.5
)
_KEPT = (JobPlace.QUEUE, JobPlace.ACTIVE, JobPlace.HELD, JobPlace.DONE)


class TestedSpool:
    """
    A spool that is empty.  To be extended where it takes more than its Deferreds.

    @ivar spool: the one of the process that lives.
    """

    __test__ = False  # for pytest

    def __init__(self, spool: ISpool) -> None:
        self.spool = spool

    def turn(self) -> None:
        """What the spool waits for happens: threads, a server, time."""

    def restart(self) -> ISpool:
        """
        The process is killed, and another one begins.

        @return: the spool of the new one, over what the old one left; no port was added yet.
        """
        raise NotImplementedError

    def fail(self) -> bool:
        """
        What the spool stands on fails from now on, until L{restart}.

        @return: C{False}: that is not tested with this spool.
        """
        return False


Rule = Callable[[TestedSpool], None]


def broken(make: Callable[[], TestedSpool]) -> list[str]:
    """Which rules are broken, and how; one line for each."""
    return brokenOf(RULES, make)


# The rules.


def saysWhatItIs(tested: TestedSpool) -> None:
    """It has what its interface says, and says whether it is durable."""
    verify(ISpool, tested.spool)
    require(isinstance(tested.spool.durable, bool), "durable is no bool")
    room = _have(tested, tested.spool.room())
    require(isinstance(room, Room), f"room() gave {room!r}")
    require(0 <= room.free <= room.total, f"room() gave {room!r}")
    _have(tested, tested.spool.probe())


def keepsAJob(tested: TestedSpool) -> None:
    """What was written comes out, with all that is known of it."""
    draft = _begun(tested)
    verify(IDraft, draft)
    require(draft.size == 0, "size is not 0 at first")
    for start in range(0, len(LONG), 100_000):
        _have(tested, draft.write(LONG[start : start + 100_000]))
    require(draft.size == len(LONG), f"size is {draft.size}, {len(LONG)} bytes were written")
    require(draft.sha256 == _hash(LONG), "sha256 is another one")
    record = _have(tested, draft.commit(RECORD, JobPlace.QUEUE))
    wanted = RECORD.but(
        number=draft.number,
        port=PORT,
        place=record.place,
        size=len(LONG),
        sha256=_hash(LONG),
    )
    require(record == wanted, f"commit() gave {record!r}")
    require(record.place > 0, f"its place is {record.place}")
    require(_have(tested, tested.spool.record(draft.number)) == record, "its record is another")
    require(_bytes(tested, draft.number) == LONG, "its bytes are others")
    _have(tested, tested.spool.verify(draft.number))


def keepsAJobWithoutBytes(tested: TestedSpool) -> None:
    """A job may be empty."""
    record = _kept(tested, b"")
    require(record.size == 0, f"its size is {record.size}")
    require(_bytes(tested, record.number) == b"", "it has bytes")
    _have(tested, tested.spool.verify(record.number))


def survivesARestart(tested: TestedSpool) -> None:
    """A kept job is there again, as it was; one that was coming in is not."""
    record = _kept(tested, BYTES)
    coming = _begun(tested)
    _have(tested, coming.write(BYTES))
    found = _restarted(tested)
    require(found.complaints == [], f"it complains: {found.complaints}")
    require(_numbers(found) == {JobPlace.QUEUE: [record.number]}, f"there is {_numbers(found)}")
    [job] = found.jobs[JobPlace.QUEUE]
    require(
        (job.place, job.size, job.host) == (record.place, record.size, record.host),
        f"addPort() says {job}",
    )
    require(_have(tested, tested.spool.record(record.number)) == record, "its record is another")
    require(_bytes(tested, record.number) == BYTES, "its bytes are others")
    _have(tested, tested.spool.verify(record.number))


def findsManyJobsInOrder(tested: TestedSpool) -> None:
    """After a restart jobs are in the order of their commits, not of their numbers."""
    drafts = [_begun(tested) for _ in range(20)]
    wanted = [
        _have(tested, draft.commit(RECORD, JobPlace.QUEUE)).number for draft in reversed(drafts)
    ]
    found = _numbers(_restarted(tested)).get(JobPlace.QUEUE)
    require(found == wanted, f"{wanted} were committed, addPort() gives {found}")


def commitsInOrder(tested: TestedSpool) -> None:
    """Commits that are under way at a time fire in the order of their calls and places."""
    drafts = [_begun(tested) for _ in range(10)]
    for draft in drafts:
        _have(tested, draft.write(BYTES * (10 - draft.number % 10)))
    fired: list[Any] = []
    for draft in drafts:
        draft.commit(RECORD, JobPlace.QUEUE).addBoth(fired.append)
    _until(tested, lambda: len(fired) == len(drafts), "commit() does not fire")
    require(all(isinstance(each, SpoolRecord) for each in fired), f"commit() gave {fired!r}")
    numbers = [each.number for each in fired]
    require(numbers == [each.number for each in drafts], f"they fired as {numbers}")
    places = [each.place for each in fired]
    require(places == sorted(set(places)), f"their places are {places}")


def givesNoPlaceTwice(tested: TestedSpool) -> None:
    """All printing ports share one counter of places, which goes on after a restart."""
    _have(tested, tested.spool.addPort("lab"))
    places = [_kept(tested, b"").place, _kept(tested, b"", "lab").place]
    places.append(_have(tested, tested.spool.nextPlace()))
    _restarted(tested)
    _have(tested, tested.spool.addPort("lab"))
    places.append(_have(tested, tested.spool.nextPlace()))
    places += [_kept(tested, b"", "lab").place, _kept(tested, b"").place]
    require(places == sorted(set(places)), f"the places were {places}")


def givesNoNumberTwice(tested: TestedSpool) -> None:
    """Numbers rise for ever, also when nobody has used them."""
    first = _have(tested, tested.spool.reserve(10))
    require(first >= 1, f"reserve() gave {first}")
    second = _have(tested, tested.spool.reserve(1))
    require(second >= first + 10, f"reserve(10) gave {first}, the next one is {second}")
    _restarted(tested)
    third = _have(tested, tested.spool.reserve(1))
    require(third > second, f"reserve() gave {second}, and {third} after a restart")


def cutsInTime(tested: TestedSpool) -> None:
    """A job that is cut before its commit is not kept."""
    draft = _begun(tested)
    _have(tested, draft.write(BYTES))
    require(draft.cut() is True, "cut() was in time, and says that it was not")
    failed = _outcome(tested, draft.commit(RECORD, JobPlace.QUEUE))
    require(isinstance(failed, TakenBack), f"commit() of a job that was cut gave {failed!r}")
    _have(tested, draft.discard())
    require(_numbers(_restarted(tested)) == {}, "it is there after a restart")


def cutsDuringTheCommit(tested: TestedSpool) -> None:
    """A cut and a commit cross: whatever cut says is what is so."""
    draft = _begun(tested)
    _have(tested, draft.write(BYTES))
    committed = hear(draft.commit(RECORD, JobPlace.QUEUE))
    inTime = draft.cut()
    _until(tested, lambda: committed, "commit() does not fire")
    if inTime:
        require(isinstance(committed[0], TakenBack), f"cut in time, commit() gave {committed[0]!r}")
        _have(tested, draft.discard())
    else:
        require(isinstance(committed[0], SpoolRecord), f"cut too late, but {committed[0]!r}")
    there = JobPlace.QUEUE in _numbers(_restarted(tested))
    require(there is not inTime, f"cut() gave {inTime}, after a restart it is there: {there}")


def takesBackWhatIsKept(tested: TestedSpool) -> None:
    """After its commit a job can not be cut, but removed."""
    draft = _begun(tested)
    record = _have(tested, draft.commit(RECORD, JobPlace.QUEUE))
    require(draft.cut() is False, "cut() came too late, and says that it was in time")
    _have(tested, tested.spool.remove(record.number))
    _unknown(tested, record.number)
    require(_numbers(_restarted(tested)) == {}, "it is there after a restart")
    _unknown(tested, record.number)


def discards(tested: TestedSpool) -> None:
    """A job that did not come whole leaves nothing behind."""
    gone = len(LONG)
    for _ in range(TRIES):
        before = _have(tested, tested.spool.room()).free
        draft = _begun(tested)
        _have(tested, draft.write(LONG))
        _have(tested, draft.discard())
        _have(tested, draft.discard())
        _unknown(tested, draft.number)
        gone = before - _have(tested, tested.spool.room()).free
        if gone < len(LONG):
            break  # else others may have written to the same disk meanwhile
    require(gone < len(LONG), f"{gone} bytes of room are gone")
    require(_numbers(_restarted(tested)) == {}, "it is there after a restart")


def keepsAHeldJob(tested: TestedSpool) -> None:
    """A job can be held from the first."""
    draft = _begun(tested)
    record = _have(tested, draft.commit(RECORD.but(reason="duplicate of 1"), JobPlace.HELD))
    require(_numbers(_restarted(tested)) == {JobPlace.HELD: [record.number]}, "it is not held")
    found = _have(tested, tested.spool.record(record.number))
    require(found.reason == "duplicate of 1", f"its reason is {found.reason!r}")


def changes(tested: TestedSpool) -> None:
    """Each change of a job is there after a restart, with its place and its record."""
    record = _kept(tested, BYTES)
    for place in (*_KEPT, JobPlace.QUEUE):
        record = record.but(attempts=record.attempts + 1, reason=place.value, heard=False)
        _have(tested, tested.spool.change(record, place))
        numbers = _numbers(_restarted(tested))
        require(numbers == {place: [record.number]}, f"it was put to {place}, there is {numbers}")
        found = _have(tested, tested.spool.record(record.number))
        require(found == record, f"its record is {found!r}")
        require(_bytes(tested, record.number) == BYTES, "its bytes are others")


def changesInOrder(tested: TestedSpool) -> None:
    """What is asked for one job is done in the order in which it was asked for."""
    record = _kept(tested, BYTES)
    answers = [
        hear(tested.spool.change(record.but(attempts=attempts), place))
        for attempts, place in enumerate((*_KEPT, *_KEPT, JobPlace.HELD))
    ]
    read = hear(tested.spool.record(record.number))
    _until(tested, lambda: read and all(answers), "change() does not fire")
    require(answers == [[None]] * len(answers), f"change() gave {answers}")
    require(read[0].attempts == len(answers) - 1, f"the record after all is {read[0]!r}")
    require(_numbers(_restarted(tested)) == {JobPlace.HELD: [record.number]}, "it is not held")


def movesToAnotherPort(tested: TestedSpool) -> None:
    """A job moves whole; its port's name is written as an operator writes it, and has no case."""
    record = _kept(tested, BYTES)
    _have(tested, tested.spool.addPort("Lab"))
    _have(tested, tested.spool.change(record.but(port="LAB"), JobPlace.QUEUE))
    require(_numbers(_restarted(tested)) == {}, "it is still there")
    names = list(_have(tested, tested.spool.portNames()))
    require(sorted(names) == ["lab", PORT.lower()], f"portNames() gave {names}")
    found = _have(tested, tested.spool.addPort("lab"))
    require(_numbers(found) == {JobPlace.QUEUE: [record.number]}, f"there is {_numbers(found)}")
    require(_have(tested, tested.spool.record(record.number)).port == "LAB", "its port is another")
    require(_bytes(tested, record.number) == BYTES, "its bytes are others")


def addsAPortAgain(tested: TestedSpool) -> None:
    """A port that is there already can be added again; the jobs that come in are not touched."""
    record, draft = _kept(tested, BYTES), _begun(tested)
    _have(tested, draft.write(BYTES))
    found = _have(tested, tested.spool.addPort(PORT.upper()))
    require(_numbers(found) == {JobPlace.QUEUE: [record.number]}, f"there is {_numbers(found)}")
    _have(tested, draft.write(BYTES))
    _have(tested, draft.commit(RECORD, JobPlace.QUEUE))
    require(_bytes(tested, draft.number) == BYTES * 2, "its bytes are others")
    require(_bytes(tested, record.number) == BYTES, "the bytes of the other are others")


def setsAside(tested: TestedSpool) -> None:
    """A job that cannot be used is found no more, and its number is not given again."""
    record = _kept(tested, BYTES)
    _have(tested, tested.spool.setAside(record.number))
    require(_numbers(_restarted(tested)) == {}, "it is there after a restart")
    following = _have(tested, tested.spool.reserve(1))
    require(following > record.number, f"number {following} is given again")


def removesData(tested: TestedSpool) -> None:
    """The bytes of a job that has ended can go before what is known of it."""
    record = _kept(tested, BYTES).but(outcome="completed", ended=1_800_000_001.0)
    _have(tested, tested.spool.change(record, JobPlace.DONE))
    _have(tested, tested.spool.removeData(record.number))
    _have(tested, tested.spool.removeData(record.number))
    require(_numbers(_restarted(tested)) == {JobPlace.DONE: [record.number]}, "its end is lost")
    found = _have(tested, tested.spool.record(record.number))
    require(found == record, f"its record is {found!r}")


def notes(tested: TestedSpool) -> None:
    """Hints are kept while the process lives, and never fail."""
    record = _kept(tested, BYTES)
    number = record.number
    require(_have(tested, tested.spool.noted(number)) == 0, "noted() is not 0 at first")
    require(_have(tested, tested.spool.wasHeard(number)) is False, "wasHeard() is not False")
    _have(tested, tested.spool.change(record, JobPlace.ACTIVE))
    for sent in (1, 4000):
        _have(tested, tested.spool.note(number, sent))
    _have(tested, tested.spool.noteHeard(number))
    require(_have(tested, tested.spool.noted(number)) == 4000, "noted() gives not the last one")
    require(_have(tested, tested.spool.wasHeard(number)) is True, "wasHeard() is not True")
    _have(tested, tested.spool.remove(number))
    _have(tested, tested.spool.note(number, 1))
    _have(tested, tested.spool.noteHeard(number))
    require(_numbers(_restarted(tested)) == {}, "a note brought the job back")


def readsInPieces(tested: TestedSpool) -> None:
    """No piece is longer than was asked for, and each reader begins at the first byte."""
    number = _kept(tested, LONG).number
    data = _have(tested, tested.spool.data(number))
    verify(IKeptData, data)
    piece = _have(tested, data.read(10))
    require(0 < len(piece) <= 10, f"read(10) gave {len(piece)} bytes")
    other = _have(tested, tested.spool.data(number))
    require(LONG.startswith(_have(tested, other.read(7))), "a second reader begins elsewhere")
    rest = piece + _read(tested, data, 65536)
    require(rest == LONG, "its bytes are others")
    require(_have(tested, data.read(10)) == b"", "read() gives bytes behind the end")
    data.close()
    data.close()
    other.close()


def remembersPauses(tested: TestedSpool) -> None:
    """Paused ports stay paused, and the names of those who did it are kept."""
    require(dict(_have(tested, tested.spool.paused())) == {}, "a port is paused at first")
    for paused in ({"ward3": "anna", "lab": ""}, {"lab": "\u00e9"}, {}):
        _have(tested, tested.spool.setPaused(paused))
        _restarted(tested)
        found = dict(_have(tested, tested.spool.paused()))
        require(found == paused, f"{paused} was set, paused() gives {found}")


def knowsOnlyItsOwn(tested: TestedSpool) -> None:
    """What is asked of a job that is not kept fails with KeyError."""
    number = _have(tested, tested.spool.reserve(1))
    _unknown(tested, number)


def closes(tested: TestedSpool) -> None:
    """When it is closed, another process can have it."""
    record = _kept(tested, BYTES)
    _have(tested, tested.spool.close())
    require(_numbers(_restarted(tested)) == {JobPlace.QUEUE: [record.number]}, "the job is lost")


def saysThatItFails(tested: TestedSpool) -> None:
    """When the store fails, the answer says so; what was not kept is never there again."""
    kept, draft = _kept(tested, BYTES), _begun(tested)
    _have(tested, draft.write(BYTES))
    if not tested.fail():
        return
    told = _outcome(tested, draft.commit(RECORD, JobPlace.QUEUE))
    wanted = (SpoolFailed, SpoolFull, SpoolSilent)
    require(isinstance(told, wanted), f"commit() gave {told!r}")
    changed = _outcome(tested, tested.spool.change(kept, JobPlace.HELD))
    require(isinstance(changed, wanted), f"change() gave {changed!r}")
    numbers = _numbers(_restarted(tested))
    there = [number for place in numbers.values() for number in place]
    require(kept.number in there, "a kept job is lost")
    if not isinstance(told, SpoolSilent):
        require(draft.number not in there, f"commit() gave {told!r}, and the job is there")


RULES: tuple[Rule, ...] = (
    saysWhatItIs,
    keepsAJob,
    keepsAJobWithoutBytes,
    survivesARestart,
    findsManyJobsInOrder,
    commitsInOrder,
    givesNoPlaceTwice,
    givesNoNumberTwice,
    cutsInTime,
    cutsDuringTheCommit,
    takesBackWhatIsKept,
    discards,
    keepsAHeldJob,
    changes,
    changesInOrder,
    movesToAnotherPort,
    addsAPortAgain,
    setsAside,
    removesData,
    notes,
    readsInPieces,
    remembersPauses,
    knowsOnlyItsOwn,
    closes,
    saysThatItFails,
)


# What they are made of.


def _until(tested: TestedSpool, fact: Callable[[], object], what: str) -> None:
    for _ in range(TURNS):
        if fact():
            return
        tested.turn()
    require(fact(), what)


def _outcome(tested: TestedSpool, answer: Any) -> Any:
    told = hear(answer)
    _until(tested, lambda: told, "a Deferred does not fire")
    return told[0]


def _have(tested: TestedSpool, answer: Any) -> Any:
    told = _outcome(tested, answer)
    require(not isinstance(told, BaseException), f"it failed: {told!r}")
    return told


def _begun(tested: TestedSpool, port: str = PORT) -> Any:
    _have(tested, tested.spool.addPort(port))
    number = _have(tested, tested.spool.reserve(1))
    draft = _have(tested, tested.spool.begin(port, number))
    require(draft.number == number, f"begin({number}) gave a draft with number {draft.number}")
    return draft


def _kept(tested: TestedSpool, data: bytes, port: str = PORT) -> SpoolRecord:
    draft = _begun(tested, port)
    if data:
        _have(tested, draft.write(data))
    record = _have(tested, draft.commit(RECORD, JobPlace.QUEUE))
    assert isinstance(record, SpoolRecord)
    return record


def _restarted(tested: TestedSpool) -> Found:
    tested.spool = tested.restart()
    found = _have(tested, tested.spool.addPort(PORT))
    assert isinstance(found, Found)
    return found


def _numbers(found: Found) -> dict[JobPlace, list[int]]:
    return {place: [job.number for job in jobs] for place, jobs in found.jobs.items() if jobs}


def _bytes(tested: TestedSpool, number: int) -> bytes:
    data = _have(tested, tested.spool.data(number))
    found = _read(tested, data, 1 << 18)
    data.close()
    return found


def _read(tested: TestedSpool, data: Any, most: int) -> bytes:
    pieces = []
    while piece := _have(tested, data.read(most)):
        require(len(piece) <= most, f"read({most}) gave {len(piece)} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _unknown(tested: TestedSpool, number: int) -> None:
    told = _outcome(tested, tested.spool.record(number))
    require(isinstance(told, KeyError), f"record() of a job that is not kept gave {told!r}")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
