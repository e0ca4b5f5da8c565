"""Whatever a program sends: it is refused, or no placeholder is left in its address and headers."""

import asyncio
import base64
from datetime import UTC, datetime
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from injected import Session, credential
from ringfence.core.secrets import Secret
from ringfence.egress.injecting.places import Misplaced, Place, placed
from ringfence.egress.injecting.tokens import Answer, TokenRequest, Tokens
from ringfence.egress.injecting.whole import with_secrets
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.vault.credential import Credential
from vaults import WHOLE

_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_KEPT = tuple(credential(kind, name=kind) for kind in WHOLE)
_SESSION = Session(*_KEPT)
_TEXTS = tuple(text for given_ in _SESSION.given.values() for text in given_.values())


async def _fetch(_request: TokenRequest) -> Answer:
    return Answer(
        status=200, body=b'{"access_token":"the-real-access-token","token":"the-real-access-token"}'
    )


async def _rotated(_credential: Credential, _secret: Secret) -> None:
    raise AssertionError


def _escaped(text: str) -> str:
    return "".join(f"%{ord(each):02X}" for each in text)


def _spelt(text: str) -> st.SearchStrategy[str]:
    ways = [
        text,
        quote(text, safe=""),
        _escaped(text),
        base64.b64encode(f"{text}:".encode()).decode(),
        base64.b64encode(f"ann:{text}".encode()).decode(),
        f"{text}/20261123/eu-central-1/s3/aws4_request",
    ]
    return st.sampled_from(ways)


_PIECES = (
    st.sampled_from(_TEXTS).flatmap(_spelt)
    | st.sampled_from(
        [
            *("Bearer ", "Basic ", "token ", "AWS4-HMAC-SHA256 Credential=", ", SignedHeaders=host"),
            *("X-Amz-Credential=", "X-Amz-Signature=1", "&X-Amz-Algorithm=AWS4-HMAC-SHA256&", "key="),
            *("/bot", "/getMe", "/", "?", "&", "=", "%", "%2", "a", ":", "ann:", ";", ",", " ", "~", "+"),
        ]
    )
    | st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF), max_size=5)
)
_VALUES = st.lists(_PIECES, max_size=6).map("".join)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["Authorization", "authorization", "X-Api-Key", "Cookie", "x-amz-content-sha256", "A"]
        ),
        _VALUES,
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=600)
@given(target=_VALUES.map(lambda text: "/" + text.replace(" ", "")), headers=_HEADERS)
def test_it_is_refused_or_sent_without_any_placeholder(target: str, headers: list[tuple[str, str]]) -> None:
    head = RequestHead(method="POST", target=target, headers=Headers(tuple(headers)))
    try:
        made = asyncio.run(_sent(head))
    except (Misplaced, BadHttp) as refused:
        assert not [each for each in _TEXTS if each in str(refused)]
        return
    assert placed(made, b"", _SESSION.meaning) == ()
    shown = [made.target, *(value for _, value in made.headers)]
    assert not [text for text in _TEXTS for each in shown if text in each]


async def _sent(head: RequestHead) -> RequestHead:
    tokens = Tokens(fetch=_fetch, clock=lambda: _NOW, rotated=_rotated)
    found = placed(head, b"", _SESSION.meaning)
    for each in _KEPT:
        if not any(one.credential == each.name for one in found):
            continue
        made = await with_secrets(
            head,
            b"",
            each,
            found,
            given=_SESSION.given[each.name],
            authority="example.com",
            now=_NOW,
            tokens=tokens,
        )
        head = made.head
    return head


def test_each_place_is_reached() -> None:
    """Else the test above would say nothing of it."""
    texts = {name: dict(given_) for name, given_ in _SESSION.given.items()}
    pair = base64.b64encode(f"ann:{texts['basic']['password']}".encode()).decode()
    user = base64.b64encode(f"{texts['bearer']['token']}:".encode()).decode()
    signed = f"AWS4-HMAC-SHA256 Credential={texts['aws']['key_id']}/20261123/eu-central-1/s3/aws4_request"
    reached = set()
    for target, headers in (
        (f"/?key={texts['query']['value']}", ()),
        (f"/bot{texts['path']['token']}/getMe", ()),
        ("/", (("Authorization", f"Bearer {texts['bearer']['token']}"),)),
        ("/", (("Authorization", f"Basic {pair}"),)),
        ("/", (("Authorization", f"Basic {user}"),)),
        ("/", (("X-Api-Key", texts["header"]["value"]),)),
        ("/", (("Authorization", f"{signed}, SignedHeaders=host, Signature=0"),)),
    ):
        head = RequestHead(method="POST", target=target, headers=Headers(headers))
        reached |= {each.place for each in placed(head, b"", _SESSION.meaning)}
        assert placed(asyncio.run(_sent(head)), b"", _SESSION.meaning) == ()
    assert reached == set(Place) - {Place.BODY, Place.MESSAGE}
