"""
The rules of a spool: our own keeps them, and each that is broken is found.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from jetdirect.interfaces import IDraft, IKeptData, ISpool
from jetdirect.spool.directory import SpoolDirectory
from jetdirect.spool.disk import RealDisk
from jetdirect.spool.files import FileSpool
from jetdirect.spool.record import BadRecord, JobPlace, Room, SpoolRecord
from jetdirect.spool.store import Store
from jetdirect.testing.spoolcontract import RULES, Rule, TestedSpool, broken
from tests.support.disk import LosingDisk
from tests.support.spooled import RECORD, Work


class InMemory(TestedSpool):
    """Files on a disk that loses at each restart what was not synced."""

    kind: type[FileSpool] = FileSpool

    def __init__(self, directory: Path) -> None:
        self.disk = LosingDisk()
        self.dice = Random(1)
        super().__init__(self.opened())

    def opened(self) -> ISpool:
        return self.kind(Store(self.disk), Work().do)

    def restart(self) -> ISpool:
        self.disk = self.disk.afterPowerCut(self.dice)
        return self.opened()

    def fail(self) -> bool:
        def fault(number: int, name: str) -> None:
            raise OSError(errno.EIO, "Input/output error")

        self.disk.fault = fault
        return True


class Late(InMemory):
    """What would be done in threads is done later, and the last first."""

    def opened(self) -> ISpool:
        self.work = Work()
        self.work.hold()
        return FileSpool(Store(self.disk), self.work.do)

    def turn(self) -> None:
        if self.work.held:
            self.work.one(len(self.work.held) - 1)


class Real(TestedSpool):
    """Files on a disk of this machine."""

    def __init__(self, directory: Path) -> None:
        self.path = str(directory / "spool")
        self.directory = SpoolDirectory(self.path)
        super().__init__(self.opened())

    def opened(self) -> ISpool:
        release = self.directory.release
        return FileSpool(Store(RealDisk(self.path)), Work().do, release=release)

    def restart(self) -> ISpool:
        self.directory.release()
        self.directory = SpoolDirectory(self.path)
        return self.opened()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", [InMemory, Late, Real])
def test_ours(kind: type[InMemory | Real], rule: Rule, tmp_path: Path) -> None:
    """Our own spool keeps each rule."""
    rule(kind(tmp_path))


# Broken ones.


class Broken(FileSpool):
    """A spool that breaks a rule."""


class LosesRecords(Broken):
    def change(self, record: SpoolRecord, to: JobPlace) -> Deferred[None]:
        return super().change(record.but(reason=""), to)


class ForgetsPlaces(Broken):
    def change(self, record: SpoolRecord, to: JobPlace) -> Deferred[None]:
        return super().change(record, JobPlace.QUEUE if to is JobPlace.HELD else to)


class RepeatsNumbers(Broken):
    def reserve(self, count: int) -> Deferred[int]:
        return super().reserve(1)


class RepeatsPlaces(Broken):
    def nextPlace(self) -> Deferred[int]:
        return succeed(1)


class Blocks(Broken):
    def noted(self, number: int) -> Deferred[int]:
        return 0  # type: ignore[return-value]


class IsNeverCut(Broken):
    def begin(self, port: str, number: int) -> Deferred[IDraft]:
        def begun(draft: IDraft) -> IDraft:
            draft.cut = lambda: False  # type: ignore[method-assign]
            return draft

        return super().begin(port, number).addCallback(begun)


class CutsTooLate(Broken):
    def begin(self, port: str, number: int) -> Deferred[IDraft]:
        def begun(draft: IDraft) -> IDraft:
            draft.cut = lambda: True  # type: ignore[method-assign]
            return draft

        return super().begin(port, number).addCallback(begun)


class ForgetsNothing(Broken):
    def remove(self, number: int) -> Deferred[None]:
        return succeed(None)


class FailsHints(Broken):
    def note(self, number: int, sent: int) -> Deferred[None]:
        return self._forJob(number, lambda: self._store.note(number, sent))


class NotesFirst(Broken):
    def note(self, number: int, sent: int) -> Deferred[None]:
        return succeed(None) if sent > 1 else super().note(number, sent)


class ReadsAll(Broken):
    def data(self, number: int) -> Deferred[IKeptData]:
        def found(data: IKeptData) -> IKeptData:
            read = data.read
            data.read = lambda most: read(1 << 30)  # type: ignore[method-assign]
            return data

        return super().data(number).addCallback(found)


class ForgetsPauses(Broken):
    def setPaused(self, paused: Mapping[str, str]) -> Deferred[None]:
        return super().setPaused(dict.fromkeys(paused, "somebody"))


class KnowsAll(Broken):
    def record(self, number: int) -> Deferred[SpoolRecord]:
        return super().record(number).addErrback(lambda _: RECORD)


class SetsNothingAside(Broken):
    def setAside(self, number: int) -> Deferred[None]:
        return succeed(None)


class KeepsQuiet(Broken):
    def change(self, record: SpoolRecord, to: JobPlace) -> Deferred[None]:
        return super().change(record, to).addErrback(lambda _: None)


class CaseMatters(Broken):
    def portNames(self) -> Deferred[Sequence[str]]:
        return super().portNames().addCallback(lambda names: [each.title() for each in names])


class HasNoRoom(Broken):
    def room(self) -> Deferred[Room]:
        return succeed(Room(2, 1))


class DoesNotVerify(Broken):
    def verify(self, number: int) -> Deferred[None]:
        return fail(BadRecord("its data has other bytes"))


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        (LosesRecords, {"changes"}),
        (ForgetsPlaces, {"changes", "changesInOrder"}),
        (RepeatsNumbers, {"givesNoNumberTwice"}),
        (RepeatsPlaces, {"givesNoPlaceTwice"}),
        (Blocks, {"notes"}),
        (IsNeverCut, {"cutsInTime"}),
        (CutsTooLate, {"takesBackWhatIsKept", "cutsDuringTheCommit"}),
        (ForgetsNothing, {"takesBackWhatIsKept"}),
        (FailsHints, {"notes"}),
        (NotesFirst, {"notes"}),
        (ReadsAll, {"readsInPieces", "keepsAJob"}),
        (ForgetsPauses, {"remembersPauses"}),
        (KnowsAll, {"takesBackWhatIsKept", "discards", "knowsOnlyItsOwn"}),
        (SetsNothingAside, {"setsAside"}),
        (KeepsQuiet, {"saysThatItFails"}),
        (CaseMatters, {"movesToAnotherPort"}),
        (HasNoRoom, {"saysWhatItIs"}),
        (DoesNotVerify, {"keepsAJob", "keepsAJobWithoutBytes", "survivesARestart"}),
    ],
)
def test_broken(kind: type[FileSpool], rules: set[str], tmp_path: Path) -> None:
    """Each rule that is broken is named."""

    class Tested(InMemory):
        pass

    Tested.kind = kind
    found = {each.partition(":")[0] for each in broken(lambda: Tested(tmp_path))}
    assert rules <= found


class Forgetful(InMemory):
    """Its restart is another machine."""

    def restart(self) -> ISpool:
        self.disk = LosingDisk()
        return self.opened()


def test_forgetful(tmp_path: Path) -> None:
    """What is gone after a restart is missed by every rule that looks then."""
    found = {each.partition(":")[0] for each in broken(lambda: Forgetful(tmp_path))}
    assert found >= {
        "survivesARestart",
        "findsManyJobsInOrder",
        "givesNoNumberTwice",
        "givesNoPlaceTwice",
        "keepsAHeldJob",
        "changes",
        "removesData",
        "remembersPauses",
        "closes",
    }
