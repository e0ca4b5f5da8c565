import json

import pytest

from ringfence.protocols.http import BadHttp
from ringfence.protocols.mcp import allowed_tools

_LIST = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {"tools": [{"name": "read"}, {"name": "drop"}], "nextCursor": "n"},
}


def test_a_list_of_tools_has_those_alone_that_may_be_called():
    made = allowed_tools(json.dumps(_LIST).encode(), lambda name: name == "read")
    assert json.loads(made) == _LIST | {"result": {"tools": [{"name": "read"}], "nextCursor": "n"}}


def test_what_is_no_such_list_or_needs_no_change_comes_back_as_it_is():
    for document in (_LIST, {"jsonrpc": "2.0", "id": 1, "result": {}}, [1], {"result": None}):
        data = json.dumps(document).encode()
        assert allowed_tools(data, lambda _name: True) == data


def test_tools_without_a_name_or_of_no_shape_are_left_out():
    document = {"result": {"tools": ["x", {"title": "read"}, {"name": "read"}]}}
    made = allowed_tools(json.dumps(document).encode(), lambda name: name == "read")
    assert json.loads(made) == {"result": {"tools": [{"name": "read"}]}}


@pytest.mark.parametrize(
    "data", [b'{"result":{"tools":[],"tools":[{"name":"x"}]}}', b"{", b'{"result":{"tools":{"name":"x"}}}']
)
def test_a_list_that_some_read_otherwise_is_refused(data):
    with pytest.raises(BadHttp):
        allowed_tools(data, lambda _name: True)
