import json
from typing import Any

import pytest

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp
from ringfence.protocols.rpc_lines import BadLine, error_line, line_of, said

_MOST = LIMITS.app_body_bytes


def _said(text: str | bytes) -> list[tuple[Any, Any]]:
    line = text.encode() if isinstance(text, str) else text
    return [(each.id, each.message.method) for each in said(line, max_bytes=_MOST)]


def test_a_line_is_one_message_several_or_none() -> None:
    assert _said('{"jsonrpc":"2.0","id":1,"method":"ping"}\r') == [(1, "ping")]
    assert _said('[{"jsonrpc":"2.0","id":"a","result":{}},{"jsonrpc":"2.0","method":"x"}]') == [
        ("a", None),
        (None, "x"),
    ]
    assert _said(" \t\r") == []


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("{", None),
        ("[]", None),
        ("1", None),
        ('"x"', None),
        ('{"jsonrpc":"2.0","id":1,"method":"ping","id":2}', None),
        ('{"jsonrpc":"2.0","id":1,"method":"ping","params":NaN}', None),
        (b'{"jsonrpc":"2.0","id":1,"method":"p\xff"}', None),
        (b'{"jsonrpc":"2.0","id":1,"method":"p\0"}', None),
        ('{"jsonrpc":"1.0","id":1,"method":"ping"}', 1),
        ('{"jsonrpc":"2.0","id":"x","method":"ping","Method":"tools/call"}', "x"),
        ('{"jsonrpc":"2.0","id":4,"method":"ping","params":3}', 4),
        ('{"jsonrpc":"2.0","id":1.5,"method":"ping"}', None),
        ('{"jsonrpc":"2.0","id":true,"method":"ping"}', None),
        ('{"jsonrpc":"2.0","id":null,"method":"ping"}', None),
        ('{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', None),
        ('{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', None),
        ('{"jsonrpc":"2.0","result":{}}', None),
        ("[" * 3000 + "]" * 3000, None),
        ("[" * (LIMITS.rpc_line_depth + 1) + "]" * (LIMITS.rpc_line_depth + 1), None),
        ("1" * 5000, None),
    ],
)
def test_what_is_no_message_or_several_to_some_is_refused_with_the_id_that_is_beyond_doubt(
    text: str | bytes, id_: Any
) -> None:
    with pytest.raises(BadLine) as caught:
        _said(text)
    assert caught.value.id == id_


def test_what_is_written_is_one_line_of_ascii() -> None:
    text = "a\nb\r\u2028\u0085\ud800é"
    line = line_of({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"t": text}})
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line)["params"]["t"] == text


def test_a_number_that_is_none_elsewhere_is_not_written() -> None:
    (each,) = said(b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"n":1e999}}', max_bytes=_MOST)
    with pytest.raises(BadHttp):
        line_of(each.parts)


def test_an_error_has_the_id_that_it_answers() -> None:
    assert json.loads(error_line("a", -32003, "no")) == {
        "jsonrpc": "2.0",
        "id": "a",
        "error": {"code": -32003, "message": "no"},
    }
