"""
The checkers of logins, as C{--auth} says them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec

from twisted.cred.checkers import FilePasswordDB, ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import ICheckerFactory, findCheckerFactories
from twisted.logger import Logger

from .options import didYouMean

_log = Logger()


class PasswordFile(FilePasswordDB):
    """A file with C{user:password} on each line; Twisted's own cuts a password at its colon."""

    def getUser(self, username: bytes) -> tuple[bytes, bytes]:
        """L{FilePasswordDB}: the password of a user; it is read anew for each login."""
        try:
            with open(self.filename, "rb") as file:
                for line in file:
                    user, colon, password = line.rstrip().partition(b":")
                    if colon and user == username:
                        return user, password
        except OSError as error:
            _log.error("{file}: {why}", file=self.filename, why=error.strerror)
        raise KeyError(username)


def checkerFor(text: str) -> ICredentialsChecker:
    """
    A checker of user names and passwords: C{KIND} or C{KIND:WHERE}.

    @raise ValueError: there is none; the message ends with the remedy.
    """
    kind, _, where = text.partition(":")
    factories = {each.authType: each for each in _factories()}
    remedy = "--help-auth lists the kinds"
    if kind not in factories:
        known = ", ".join(sorted(factories))
        near = didYouMean(kind, factories)
        raise ValueError(f"no kind of login{near}; known are {known}; {remedy}")
    if kind == "file":
        _checkFile(where)
        return PasswordFile(where)
    if kind == "unix":
        _checkSystem()
    elif kind == "memory" and not all(where.partition(":")):
        raise ValueError("nobody can log in with it; write memory:USER:PASSWORD")
    try:
        checker: ICredentialsChecker = factories[kind].generateChecker(where)
    except Exception:  # every kind has its own
        wanted = factories[kind].argStringFormat
        raise ValueError(f"cannot be used; behind {kind}: comes {wanted!r}; {remedy}") from None
    return checker


def _factories() -> Iterable[ICheckerFactory]:
    # What asks for no password at all is the default, and is not asked for here.
    for each in findCheckerFactories():
        if IUsernamePassword in each.credentialInterfaces:
            yield each


def _checkSystem() -> None:
    remedy = "use file:FILE, with a user:password on each line"
    if find_spec("spwd") is None:
        raise ValueError(f"this Python cannot check the system's passwords; {remedy}")
    if os.geteuid() != 0:
        raise ValueError(f"only root can read the system's passwords; {remedy}")


def _checkFile(path: str) -> None:
    if not path.strip():
        raise ValueError("the file is missing; write file:FILE, with a user:password on each line")
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except OSError as error:
        remedy = "name a file that this user can read, with a user:password on each line"
        raise ValueError(f"{error.strerror}; {remedy}") from None
    if not any(b":" in line for line in lines):
        raise ValueError(
            f"{os.path.basename(path)} has no line user:password, so nobody can log in"
        )
