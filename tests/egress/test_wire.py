import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.egress.messages import (
    Arrive,
    Ask,
    Dialled,
    Gone,
    Manner,
    Refused,
    Serve,
    SessionOpened,
    SocketKind,
    Tell,
    Trouble,
    Unsent,
    Welcome,
)
from ringfence.egress.wire import BadMessage, Message, decode, encode
from ringfence.protocols.http import Headers, RequestHead

_ASK = Ask(
    connection=7,
    head=RequestHead(
        method="POST", target="/graphql?q=ä", headers=Headers((("Host", "a.example"), ("X", "\xff")))
    ),
    body=b"\x00\xff{}",
    is_whole=False,
    length=None,
)
_SOME: tuple[Message, ...] = (
    _ASK,
    Arrive(
        session="s", host="a.example", port=443, tls=True, source=("10.0.0.1", 5), destination=("::1", 443)
    ),
    Welcome(connection=3),
    Dialled(tls=True, server_name="a.example", ca_pem=None),
    Refused(what="no", hint="ask", manner=Manner.EMPTY, status=204),
    Tell(session="s", trouble=Trouble.MISMATCH, host="a", what="b"),
    Unsent(session="s", host="a", port=443, method="GET", target="/x?y"),
    Serve(session="s", certificate_pem="c", key_pem="k", sockets=(SocketKind.PROXY, SocketKind.DNS_UDP)),
    SessionOpened(environment=(("A", "b"),), ports=(5432,), hosts=2, credentials=("x",), state="{}"),
)


@pytest.mark.parametrize("message", _SOME, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("is_answer", [False, True])
def test_what_was_written_is_read_back(message: Message, is_answer: bool) -> None:
    assert decode(encode(message, 12, is_answer)) == (message, 12, is_answer)


def test_a_document_says_what_it_is_its_number_and_its_fields() -> None:
    assert json.loads(encode(_ASK, 9, False)) == {
        "n": 9,
        "m": "Ask",
        "connection": 7,
        "head": {
            "method": "POST",
            "target": "/graphql?q=ä",
            "headers": [["Host", "a.example"], ["X", "\xff"]],
            "version": "1.1",
        },
        "body": "AP97fQ==",
        "is_whole": False,
        "length": None,
    }
    assert json.loads(encode(Gone(connection=1), 2, True)) == {
        "n": 2,
        "m": "Gone",
        "a": True,
        "connection": 1,
    }


def _changed(message: Message, **fields: object) -> bytes:
    return json.dumps(json.loads(encode(message, 1, False)) | fields).encode()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"n":1,"m":"Gone"}',
        b'{"n":1,"m":"Gone","connection":1,"more":2}',
        b'{"n":1,"m":"Gone","connection":"1"}',
        b'{"n":1,"m":"Gone","connection":-1}',
        b'{"n":1,"m":"Gone","connection":true}',
        b'{"n":1,"m":"Gone","connection":1.0}',
        b'{"n":1,"m":"Gone","connection":9007199254740992}',
        b'{"n":true,"m":"Gone","connection":1}',
        b'{"n":-1,"m":"Gone","connection":1}',
        b'{"m":"Gone","connection":1}',
        b'{"n":1,"m":"Gone","connection":1,"a":1}',
        b'{"n":1,"m":"Message","connection":1}',
        b'{"n":1,"m":["Gone"],"connection":1}',
        b'{"n":1,"m":"Gone","m":"Gone","connection":1}',
        b'{"n":1,"m":"CloseSession","session":"\\ud800"}',
        b'{"n":1,"m":"CloseSession","session":null}',
        b'{"n":1,"m":"Tell","session":"","trouble":"none of them","host":"","what":""}',
        _changed(_ASK, head={}),
        _changed(_ASK, head={"method": "G", "target": "/", "headers": [["a"]], "version": "2"}),
        _changed(_ASK, body="a"),
        _changed(_ASK, length=-1),
        _changed(_SOME[1], source=["a"]),
        _changed(_SOME[1], source=["a", "1"]),
    ],
)
def test_what_is_no_message_is_refused(document: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(document)


@given(st.binary(max_size=300))
def test_anything_is_a_message_or_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.sampled_from(_SOME), st.data())
def test_a_message_with_another_value_in_a_field_is_well_formed_or_refused(
    message: Message, data: st.DataObject
) -> None:
    document = json.loads(encode(message, 1, False))
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(_JSON)
    text = json.dumps(document).encode()
    try:
        read, number, is_answer = decode(text)
    except BadMessage:
        return
    assert decode(encode(read, number, is_answer)) == (read, number, is_answer)
