import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.protocols.dns import (
    BadDns,
    Question,
    Rcode,
    TcpQuestions,
    answer,
    framed,
    read_question,
    refusal,
)


def _asked(name: str = "h.example.", kind: str = "A", **more) -> bytes:
    message = dns.message.make_query(name, kind, **more)
    message.id = 4711
    return message.to_wire()


def test_a_question_says_who_is_looked_for():
    data = _asked("Api.Example.COM.", "HTTPS", use_edns=0)
    assert read_question(data) == Question(
        number=4711,
        name="api.example.com",
        kind=65,
        raw=b"\3Api\7Example\3COM\0\0\x41\0\1",
        wants_recursion=True,
        is_extended=True,
    )
    assert read_question(_asked(".", "NS")).name == ""


@pytest.mark.parametrize("edns", [-1, 0])
def test_an_address_is_answered_as_other_resolvers_read_it(edns):
    data = _asked("Api.Example.", use_edns=edns)
    message = dns.message.from_wire(answer(read_question(data), "198.18.0.7", ttl_s=60))
    assert dns.message.from_wire(data).is_response(message)
    assert message.rcode() == dns.rcode.NOERROR
    assert message.flags == dns.flags.QR | dns.flags.AA | dns.flags.RD | dns.flags.RA
    assert [each.to_text() for each in message.answer] == ["Api.Example. 60 IN A 198.18.0.7"]
    assert message.edns == edns


@pytest.mark.parametrize("kind", ["AAAA", "HTTPS", "SVCB", "MX", "TXT", "ANY", "PTR"])
def test_whoever_asks_for_something_else_hears_that_there_is_none_of_it(kind):
    data = _asked(kind=kind)
    message = dns.message.from_wire(answer(read_question(data), "198.18.0.7", ttl_s=60))
    assert dns.message.from_wire(data).is_response(message)
    assert (message.rcode(), message.answer, message.authority) == (dns.rcode.NOERROR, [], [])


@pytest.mark.parametrize("rcode", list(Rcode))
def test_a_refusal_says_why(rcode):
    message = dns.message.from_wire(refusal(read_question(_asked()), rcode))
    assert (message.rcode(), message.answer, message.id) == (int(rcode), [], 4711)


_QUESTION = b"\1h\0\0\1\0\1"
_HEAD = bytes.fromhex("1267 0100 0001 0000 0000 0000")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        _HEAD,
        _HEAD + _QUESTION[:-1],
        _HEAD + b"\1h\0\0\1\0\3",
        _HEAD + b"\xc0\x0c\0\1\0\1",
        _HEAD + b"\1h\xc0\x0c\0\1\0\1",
        _HEAD + b"\x40h\0\0\1\0\1",
        _HEAD + b"\5h\0\0\1\0\1",
        *(
            _HEAD + b"\3" + label + b"\0\0\1\0\1"
            for label in (b"a.b", b"a b", b"a\0b", b"a\xc3\xbc", b"a*b", b"a\nb")
        ),
        _HEAD + b"\1h" * 128 + _QUESTION[2:],
        bytes.fromhex("1267 8100 0001 0000 0000 0000") + _QUESTION,
        bytes.fromhex("1267 2900 0001 0000 0000 0000") + _QUESTION,
        bytes.fromhex("1267 0300 0001 0000 0000 0000") + _QUESTION,
        bytes.fromhex("1267 0100 0002 0000 0000 0000") + _QUESTION * 2,
        bytes.fromhex("1267 0100 0000 0000 0000 0000") + _QUESTION,
        bytes.fromhex("1267 0100 0001 0001 0000 0000") + _QUESTION,
        bytes.fromhex("1267 0100 0001 0000 0001 0000") + _QUESTION,
        _HEAD + _QUESTION + bytes(LIMITS.dns_question_bytes),
    ],
)
def test_what_is_no_question_is_not_answered(data):
    assert read_question(_HEAD + _QUESTION).name == "h"
    with pytest.raises(BadDns):
        read_question(data)


def test_the_longest_name_is_read():
    data = _HEAD + (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0\0\1\0\1"
    assert len(read_question(data).name) == 253


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(min_value=1, max_value=30))
def test_a_streams_messages_are_found_wherever_they_are_split(messages, step):
    data = b"".join(map(framed, messages)) + b"\0"
    reader = TcpQuestions()
    found = [each for at in range(0, len(data), step) for each in reader.feed(data[at : at + step])]
    assert found == messages


def test_a_streams_message_that_is_too_long_is_refused_before_it_came():
    with pytest.raises(BadDns):
        TcpQuestions().feed((LIMITS.dns_question_bytes + 1).to_bytes(2))


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_whatever_is_asked_is_answered_readably_or_refused(tail):
    try:
        question = read_question(_HEAD + tail)
    except BadDns:
        return
    message = dns.message.from_wire(answer(question, "198.18.0.7", ttl_s=1))
    assert message.question[0].name.to_text(omit_final_dot=True).lower() == (question.name or ".")
