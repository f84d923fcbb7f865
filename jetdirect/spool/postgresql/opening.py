"""
A database is asked for: is it there, and fit to be a spool?  psycopg is imported here and not
before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

from ...interfaces import ISharedSpool
from ..offline import opened
from ..where import withoutPassword

MISSING = "psycopg is missing; install it with pip install jetdirect[postgresql]"

_log = Logger()


def openDatabase(uri: str, reactor: IReactorFromThreads) -> ISharedSpool:
    """
    The spool in a database.  One that does not answer now is waited for; jobs are refused until it
    does.

    @raise ValueError: it cannot be one; the message says why, and what to do.
    """
    try:
        from .spool import PostgreSQLSpool
    except ImportError:
        raise ValueError(MISSING) from None
    spool = PostgreSQLSpool(uri, reactor)
    why = _tried(spool.tryIt)
    if why:
        told = "no job is taken or printed until it answers"
        _log.warn(
            "the spool {where}: {why}; {told}", where=withoutPassword(uri), why=why, told=told
        )
    return spool


def lookAtDatabase(uri: str) -> tuple[list[str], list[str]]:
    """What is wrong with a database as a spool, and what may be."""
    try:
        from .database import Database
    except ImportError:
        return [MISSING], []
    found: list[str] = []
    try:
        wrong = _tried(lambda: found.extend(Database(uri).warnings()))
    except ValueError as error:
        wrong = str(error)
    return [wrong] if wrong else [], found


def moveInto(path: str, uri: str, out: TextIO) -> bool:
    """
    Move what waits, prints or is held in a directory into a database, and write a line for each.

    @return: nothing is wrong.
    @raise ValueError: it cannot be moved; the message says why, and what to do.
    """
    try:
        from .moving import Moving
    except ImportError:
        raise ValueError(MISSING) from None
    with opened(path) as store:
        return Moving(store, out, uri).all()


def _tried(step: Callable[[], object]) -> str:
    from psycopg import Error

    from .database import lineOf

    try:
        step()
    except Error as error:
        if error.sqlstate is not None:
            raise ValueError(f"the database refuses us: {lineOf(error)}") from None
        return lineOf(error)
    return ""
