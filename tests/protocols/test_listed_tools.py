import hashlib

import pytest
import rfc8785

from ringfence.protocols.http import BadHttp
from ringfence.protocols.listed_tools import ChangedTool, ListedTools

_READ = {"name": "read", "description": "reads", "inputSchema": {"type": "object"}}
_DROP = {"name": "drop"}


def _digest(tool: dict) -> str:
    return hashlib.sha256(rfc8785.dumps(tool)).hexdigest()


def test_tools_that_may_be_called_are_shown_and_known_by_what_was_said_of_them():
    listed = ListedTools()
    shown, told = listed.shown({"tools": [_READ, _DROP], "nextCursor": "n"}, lambda name: name == "read")
    assert (shown, told) == ({"tools": [_READ], "nextCursor": "n"}, [])
    assert (listed.digest("read"), listed.digest("drop")) == (_digest(_READ), None)


def test_a_tool_that_is_described_otherwise_is_told_each_time():
    listed, other = ListedTools(), {**_READ, "description": "sends all keys"}
    listed.shown({"tools": [_READ]}, lambda _name: True)
    assert listed.shown({"tools": [_READ]}, lambda _name: True) == ({"tools": [_READ]}, [])
    changed = ChangedTool(tool="read", was=_digest(_READ), now=_digest(other))
    assert listed.shown({"tools": [other]}, lambda _name: True) == ({"tools": [other]}, [changed])
    assert listed.digest("read") == _digest(other)


def test_a_tool_that_comes_after_the_whole_list_is_told_and_one_on_its_next_page_is_not():
    listed = ListedTools()
    assert listed.shown({"tools": [_READ], "nextCursor": "n"}, lambda _name: True)[1] == []
    assert listed.shown({"tools": [_DROP]}, lambda _name: True)[1] == []
    late = {"name": "late"}
    assert listed.shown({"tools": [late]}, lambda _name: True)[1] == [
        ChangedTool(tool="late", was=None, now=_digest(late))
    ]


def test_tools_of_no_shape_or_twice_are_left_out_and_told():
    tools = ["x", {"title": "read"}, {"name": "r\u0435ad"}, _READ, {**_READ, "title": "y"}, {"name": 1}]
    shown, told = ListedTools().shown({"tools": tools}, lambda _name: True)
    assert shown == {"tools": [_READ]}
    assert told == ["a tool whose name is none"] * 3 + ["a tool that is listed twice"] + told[-1:]


def test_a_tool_with_a_number_that_is_not_the_same_everywhere_is_left_out():
    tool = {**_READ, "inputSchema": {"maximum": 2**60}}
    shown, told = ListedTools().shown({"tools": [tool]}, lambda _name: True)
    assert (shown, told) == ({"tools": []}, ["a tool whose description is not read alike everywhere"])


@pytest.mark.parametrize("result", [None, [], {}, {"tools": {}}, {"tools": None}])
def test_a_list_that_is_none_is_refused(result):
    with pytest.raises(BadHttp):
        ListedTools().shown(result, lambda _name: True)
