"""
What the command C{jetdirect} is made of: its verbs, and their one way to fail.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass


class Refused(Exception):
    """
    It cannot be done; the text is the one line that says why, and what to do.

    @ivar status: with what the command ends.
    @ivar sentences: that line, and more where several things are wrong.
    """

    def __init__(self, sentence: str, status: int = 1, *more: str) -> None:
        super().__init__(sentence)
        self.sentences = (sentence, *more)
        self.status = status


def number(text: str) -> int:
    """
    A reader of a job's number, or of how many.

    @raise argparse.ArgumentTypeError: it is none.
    """
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text} is no number")
    return int(text)


@dataclass(frozen=True)
class Verb:
    """
    One thing that the command can do.

    @ivar help: one sentence.
    @ivar run: does it, and returns the exit status; or raises L{Refused}.
    @ivar declare: says which words it takes.
    """

    name: str
    help: str
    run: Callable[[argparse.Namespace], int]
    declare: Callable[[argparse.ArgumentParser], object] = lambda parser: None
