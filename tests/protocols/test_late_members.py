import json

import pytest

from ringfence.protocols.http import BadHttp
from ringfence.protocols.late_members import LateMembers


def _fed(data: bytes, size: int) -> None:
    watch = LateMembers()
    for at in range(0, len(data), size):
        watch.feed(data[at : at + size])


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    "document",
    [
        {"model": "m", "messages": [{"content": 'a \\" "jsonrpc": 1', "method": "x"}], "stop": "jsonrpc"},
        {"a": "back\\slash\n", "b": {"query": 1}, "c": ["params", "query"]},
        {},
    ],
)
def test_what_names_nothing_outermost_passes(document, size):
    _fed(json.dumps(document).encode(), size)


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    "text",
    [
        '{"pad": "%s", "jsonrpc": "2.0"}' % ("x\\\\" * 50),
        '{"pad": {"a": [1, "]}"]}, "Method": "tools/call"}',
        '{"pad": "\\\\", "json\\u0072pc": "2.0"}',
        '{"a": 1 , "query" : "{x}"}',
        '[{"a": 1}]',
    ],
)
def test_a_message_or_query_is_seen_however_late_its_name_comes(text, size):
    with pytest.raises(BadHttp):
        _fed(text.encode(), size)
