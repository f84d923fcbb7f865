"""
How the gateway says who it is, held against RFC 7616's own examples and Twisted's server side.
"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.cred.credentials import DigestCredentialFactory

from jetdirect.transports.ipp import credentials
from jetdirect.transports.ipp.credentials import NOBODY, Attempt, Credentials, challenges, parameter

PATH = "/ipp/print"
BASIC = 'Basic realm="printer"'
MD5 = 'Digest realm="printer", nonce="n1", qop="auth", algorithm=MD5'


def asked(*values: str, user: str = "bob", password: str = "secret") -> Credentials:
    """Credentials whose first request was answered so."""
    made = Credentials(user, password)
    assert made.attempt(PATH) == NOBODY
    assert made.refused(NOBODY, challenges(list(values))) == ""
    return made


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def said(attempt: Attempt) -> dict[str, str]:
    """What stands in a Digest, unquoted."""
    [found] = challenges([attempt.headers["Authorization"]])
    assert found.scheme == "digest"
    return dict(found.parameters)


# RFC 7616, section 3.9.1.
_EXAMPLE = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",'
    ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithms", "response"),
    [
        (["MD5"], "8ca523f5e9506fed4657c9700eebdbec"),
        (["SHA-256"], "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (["MD5", "SHA-256"], "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (["SHA-512-256", "MD5"], "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_example(algorithms: list[str], response: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The RFC's own; of several the strongest that is known."""
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr(credentials, "token_hex", lambda _: cnonce)
    offers = [_EXAMPLE.format(algorithm=each) for each in algorithms]
    made = asked(*offers, BASIC, user="Mufasa", password="Circle of Life")
    found = said(made.attempt("/dir/index.html", "GET"))
    assert found["response"] == response
    assert found["username"] == "Mufasa"
    assert found["uri"] == "/dir/index.html"
    assert found["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    assert (found["qop"], found["nc"], found["cnonce"]) == ("auth", "00000001", cnonce)


@pytest.mark.parametrize("password", ["secret", "wrong"])
@pytest.mark.parametrize("algorithm", [b"md5", b"md5-sess"])
def test_anotherServer(algorithm: bytes, password: str) -> None:
    """Twisted's own server side believes it."""
    factory = DigestCredentialFactory(algorithm, b'the "big" printer')
    challenge = {key: value.decode() for key, value in factory.getChallenge(b"192.0.2.1").items()}
    realm = challenge.pop("realm").replace('"', '\\"')
    words = ", ".join(f'{key}="{value}"' for key, value in challenge.items())
    made = asked(f'Digest realm="{realm}", {words}')
    for _ in range(2):
        header = made.attempt(PATH).headers["Authorization"].removeprefix("Digest ")
        header = header.replace("\\", "")  # which it does not read
        if "-sess" in header:
            header = header.replace("algorithm=md5-sess", 'algorithm="md5-sess"')
        seen = factory.decode(header.encode(), b"POST", b"192.0.2.1")
        assert seen.username == b"bob"
        assert seen.checkPassword(password.encode()) is (password == "secret")


def test_withoutQop() -> None:
    """As RFC 2069 had it; some printers still do."""
    found = said(asked('Digest realm="printer", nonce="n1"').attempt(PATH))
    assert found.keys() == {"username", "realm", "nonce", "uri", "response"}
    secret, what = md5(b"bob:printer:secret"), md5(b"POST:/ipp/print")
    assert found["response"] == md5(f"{secret}:n1:{what}".encode())


def test_otherNames() -> None:
    """A name that is not ASCII, and a printer that wants none in clear."""
    assert said(asked(MD5, user="zoë").attempt(PATH))["username*"] == "UTF-8''zo%C3%AB"
    found = said(asked(f"{MD5}, userhash=true").attempt(PATH))
    assert found["username"] != "bob"
    assert found["userhash"] == "true"


def test_nobody() -> None:
    """Without a name and a password nothing is said, and a 401 is final."""
    made = Credentials("", "")
    assert made.attempt(PATH) == NOBODY
    assert "it wants a user name and a password" in made.refused(NOBODY, challenges([BASIC]))
    assert made.attempt(PATH) == NOBODY


def test_notAsked() -> None:
    """A server that does not ask gets Basic from the second request on."""
    made = Credentials("bob", "secret")
    made.taken(made.attempt(PATH), "")
    assert made.attempt(PATH).headers == {"Authorization": "Basic Ym9iOnNlY3JldA=="}


def test_digestBeforeBasic() -> None:
    """Also at a server that asks late."""
    made = Credentials("bob", "secret")
    made.taken(made.attempt(PATH), "")
    assert made.refused(made.attempt(PATH), challenges([BASIC, MD5])) == ""
    assert made.attempt(PATH).scheme == "digest"


@pytest.mark.parametrize("challenge", [BASIC, MD5])
def test_wrong(challenge: str) -> None:
    """What was refused once is not tried again."""
    made = asked(challenge)
    assert "does not take the user name" in made.refused(
        made.attempt(PATH), challenges([challenge])
    )


@pytest.mark.parametrize(
    "challenge",
    ["Negotiate", "Bearer", 'Digest realm="x", nonce="n", qop="auth-int"', "Digest", ""],
)
def test_unknown(challenge: str) -> None:
    """What cannot be answered is named."""
    why = Credentials("bob", "secret").refused(NOBODY, challenges([challenge]))
    assert f"it asks for {challenge.split()[0].lower() if challenge else 'nothing'};" in why


def test_stale() -> None:
    """A nonce that became too old is not a wrong password."""
    made = asked(MD5)
    assert made.refused(made.attempt(PATH), challenges([f"{MD5}, stale=TRUE"])) == ""
    made.taken(made.attempt(PATH), "")
    made.taken(made.attempt(PATH), "")
    assert made.refused(made.attempt(PATH), challenges([MD5])) == ""
    assert not made.spent


def test_once() -> None:
    """A server that takes each nonce once is known by its second answer; and that may change."""
    made = asked(MD5)
    made.taken(made.attempt(PATH), "")
    assert not made.spent
    assert made.refused(made.attempt(PATH), challenges([MD5])) == ""
    assert not made.spent
    made.taken(made.attempt(PATH), "")
    assert made.spent
    made.taken(made.attempt(PATH), "")
    assert not made.spent


def test_onceBehindAQuestionThatWasGivenUp() -> None:
    """It is known by that also when an answer was made that no server heard of."""
    made = asked(MD5)
    made.attempt(PATH)
    made.taken(made.attempt(PATH), "")
    assert made.refused(made.attempt(PATH), challenges([MD5])) == ""
    made.taken(made.attempt(PATH), "")
    assert made.spent


def test_nextNonce() -> None:
    """RFC 7616, section 3.5."""
    made = asked(MD5)
    made.taken(made.attempt(PATH), parameter('qop=auth, nextnonce="n 2", nc=00000001', "nextnonce"))
    found = said(made.attempt(PATH))
    assert (found["nonce"], found["nc"]) == ("n 2", "00000001")
    assert parameter("", "nextnonce") == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('Basic realm="a, b"', [("basic", {"realm": "a, b"})]),
        ("Negotiate abc==", [("negotiate", {"abc": "="})]),
        (
            'DIGEST Realm = "a\\"b" , nonce=n=1, Basic, Negotiate,,x=y',
            [
                ("digest", {"realm": 'a"b', "nonce": "n=1"}),
                ("basic", {}),
                ("negotiate", {"x": "y"}),
            ],
        ),
        ('Digest realm="open', [("digest", {"realm": '"open'})]),
        ("=", []),
    ],
)
def test_challenges(value: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    """Several in a field, in any writing."""
    assert [(each.scheme, dict(each.parameters)) for each in challenges([value])] == expected


def test_manyChallenges() -> None:
    """Not all of a thousand are looked at."""
    assert len(challenges(["Negotiate"] * 1000)) == 10


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=80), max_size=3), st.booleans())
def test_anyChallenge(values: list[str], prefix: bool) -> None:
    """Nothing else comes of it, whatever comes."""
    found = challenges([f'Digest nonce="n", {each}' if prefix else each for each in values])
    made = Credentials("bob", "secret")
    if made.refused(NOBODY, found) == "":
        assert made.attempt(PATH).headers["Authorization"].encode("latin-1")
