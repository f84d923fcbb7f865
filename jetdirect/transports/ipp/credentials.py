"""
User name and password, in the way that a server asks for them: Digest (RFC 7616) before Basic (RFC
7617).  No I/O.

No library that is kept does this without an HTTP client around it, and the standard library's
(C{urllib.request}) knows no SHA-256.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import quote
from urllib.request import parse_http_list

_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""The strongest first (RFC 7616, section 3.7)."""

_SCHEME = re.compile(r"([\w!#$%&'*+.^`|~-]+)(?:[ \t]+(?=[^\s=])|\Z)", re.ASCII)
"""Where a challenge begins: a word, and not the C{=} of a parameter."""

_MOST = 10
"""Challenges that are looked at: a server has two or three (chosen)."""


class Challenge(NamedTuple):
    """What a server asks for (RFC 9110, section 11.3), all names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(values: list[str]) -> list[Challenge]:
    """What stands in the C{WWW-Authenticate} fields of an answer."""
    return [each for value in values for each in _challenges(value)][:_MOST]


def _challenges(value: str) -> Iterator[Challenge]:
    # A comma separates challenges, and the parameters of each.
    scheme, parameters = "", dict[str, str]()
    for item in parse_http_list(value):
        begun = _SCHEME.match(item)
        if begun is not None:
            if scheme:
                yield Challenge(scheme, parameters)
            scheme, parameters = begun[1].lower(), {}
            item = item[begun.end() :]
        name, equals, text = item.partition("=")
        if equals:
            parameters[name.strip().lower()] = _unquoted(text.strip())
    if scheme:
        yield Challenge(scheme, parameters)


def parameter(value: str, name: str) -> str:
    """A parameter of a field such as C{Authentication-Info}, or C{""}."""
    return next((each.parameters.get(name, "") for each in _challenges(f"x {value}")), "")


class Attempt(NamedTuple):
    """
    How one request names the user.

    @ivar scheme: C{""}: not at all.
    @ivar uses: how often an answer to the challenge was taken, with this time; 0: it was none.
        Answers that the server never had, since the question was given up, do not count.
    """

    scheme: str
    headers: Mapping[str, str]
    uses: int = 0


NOBODY = Attempt("", {})
"""The head of a request without a user name and a password."""


class Credentials:
    """
    The user name and password for one server.

    The first request goes without them, so a server that wants Digest does not see the password.
    What the server asks for is used from then on; one that did not ask gets Basic, as it may ask
    for it in the middle of a job, which cannot be sent again.
    """

    def __init__(self, user: str, password: str) -> None:
        self._user = user.encode("utf-8", "surrogateescape")
        self._password = password.encode("utf-8", "surrogateescape")
        self._answered = False
        self._digest: _Digest | None = None
        self._once = False

    @property
    def spent(self) -> bool:
        """Will the next request be refused, because this server takes no answer twice?"""
        return self._once and self._digest is not None and self._digest.count > 0

    def attempt(self, path: str, method: str = "POST") -> Attempt:
        """How a request for C{path} names the user."""
        if not (self._user or self._password):
            return NOBODY
        if self._digest is not None:
            said = self._digest.answer(self._user, self._password, method, path)
            return Attempt("digest", {"Authorization": said}, self._digest.taken + 1)
        if not self._answered:
            return NOBODY
        secret = b64encode(self._user + b":" + self._password).decode("ascii")
        return Attempt("basic", {"Authorization": f"Basic {secret}"})

    def taken(self, attempt: Attempt, following: str) -> None:
        """
        A request was not answered by 401.

        @param following: the challenge for the next one, if the answer has it (RFC 7616, section
            3.5).
        """
        self._answered = True
        if attempt.uses > 1:
            self._once = False
        if attempt.uses and self._digest is not None:
            self._digest.taken += 1
        if self._digest is not None and following:
            self._digest = _Digest({**self._digest.parameters, "nonce": following})

    def refused(self, attempt: Attempt, found: list[Challenge]) -> str:
        """
        A request was answered by 401.

        @param found: what the server asks for.
        @return: why it is of no use to try again; C{""}: it may be of use.
        """
        self._answered = True
        if not (self._user or self._password):
            return "it wants a user name and a password; write them in front of the host"
        self._digest = _digestOf(found)
        if self._digest is None and not any(each.scheme == "basic" for each in found):
            asked = ", ".join(sorted({each.scheme for each in found})) or "nothing"
            return f"it asks for {asked}; the gateway knows Basic, and Digest by MD5 or SHA-256"
        if attempt.scheme != ("basic" if self._digest is None else "digest"):
            return ""
        if self._digest is not None:
            self._once = self._once or attempt.uses == 2
            if attempt.uses > 1 or self._digest.parameters.get("stale", "").lower() == "true":
                return ""  # it may only have become too old
        return "it does not take the user name and password that stand in front of the host"


def _digestOf(found: list[Challenge]) -> _Digest | None:
    # The strongest that can be answered; not "auth-int", which hashes a job before it is sent.
    for algorithm in _HASHES:
        for scheme, parameters in found:
            named = parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")
            offered = re.split(r"[,\s]+", parameters.get("qop", "auth").lower())
            good = scheme == "digest" and "auth" in offered and "nonce" in parameters
            if good and named == algorithm:
                return _Digest(parameters)
    return None


class _Digest:
    """
    A challenge, and its answers.

    @ivar count: how many there were.
    @ivar taken: how many of them were taken.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self.parameters = parameters
        self.count = 0
        self.taken = 0

    def answer(self, user: bytes, password: bytes, method: str, path: str) -> str:
        """The C{Authorization} of a request (RFC 7616, section 3.4)."""
        self.count += 1
        asked = self.parameters
        realm, nonce = asked.get("realm", ""), asked["nonce"]
        named = asked.get("algorithm", "MD5").upper()
        make = _HASHES[named.removesuffix("-SESS")]

        def hashed(*parts: str | bytes) -> str:
            # What the server has said goes back byte for byte.
            raw = [part if isinstance(part, bytes) else part.encode("latin-1") for part in parts]
            return make(b":".join(raw)).hexdigest()

        count, cnonce = f"{self.count:08x}", token_hex(8)
        secret = hashed(user, realm, password)
        if named.endswith("-SESS"):
            secret = hashed(secret, nonce, cnonce)
        counted = (count, cnonce, "auth") if "qop" in asked else ()  # RFC 2069 had none
        response = hashed(secret, nonce, *counted, hashed(method, path))
        said = {"realm": _quoted(realm), "nonce": _quoted(nonce), "uri": _quoted(path)}
        if asked.get("userhash", "").lower() == "true":
            said |= {"username": _quoted(hashed(user, realm)), "userhash": "true"}
        elif user.isascii():
            said["username"] = _quoted(user.decode("ascii"))
        else:
            said["username*"] = f"UTF-8''{quote(user)}"
        if counted:
            said |= {"qop": "auth", "nc": count, "cnonce": _quoted(cnonce)}
        if "algorithm" in asked:
            said["algorithm"] = asked["algorithm"]
        if "opaque" in asked:
            said["opaque"] = _quoted(asked["opaque"])
        said["response"] = _quoted(response)
        return "Digest " + ", ".join(f"{name}={value}" for name, value in said.items())


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
