"""A JSON body that is too long to be read before its request goes: watched while it flows.

What must be understood, a message or a query, is one by the names of its outermost members, and these may
come as late as one likes. A body is broken off before its end where one of them comes, so that no server has
it whole.
"""

import re

from ringfence.protocols.http import BadHttp

__all__ = ["LateMembers"]

_IN_TEXT = re.compile(rb'["\\]')
_OUTSIDE = re.compile(rb'["\[\]{}:,]')
_NEVER = re.compile(rb"jsonrpc|method|params|query", re.IGNORECASE)
_NAME_BYTES = 64  # of an outermost text; all names that are looked for are shorter
_OPENS, _CLOSES = b"[{", b"]}"


class LateMembers:
    """Feed it the body from its beginning."""

    __slots__ = ("_depth", "_escaped", "_is_name", "_is_text", "_name")

    def __init__(self) -> None:
        self._depth = 0
        self._is_text = self._escaped = self._is_name = False
        self._name = b""

    def feed(self, data: bytes) -> None:
        """Nothing, for what may be passed on.

        Raises:
            BadHttp: it is something that must be understood, or may be.
        """
        at = 1 if self._escaped and data else 0
        self._escaped = self._escaped and not data
        while at < len(data):
            found = (_IN_TEXT if self._is_text else _OUTSIDE).search(data, at)
            end = found.start() if found else len(data)
            if self._is_text and self._is_name:
                self._name = (self._name + data[at : min(end, at + _NAME_BYTES)])[:_NAME_BYTES]
            if found is None:
                return
            at = end + 1
            if found[0] == b"\\":
                self._name += b"\\" if self._is_name else b""
                self._escaped, at = at >= len(data), at + 1
            elif found[0] == b'"':
                self._text_ends()
            else:
                self._structure(found[0])

    def _text_ends(self) -> None:
        if self._is_text and (_NEVER.fullmatch(self._name) or b"\\" in self._name):
            raise BadHttp("a body that must be understood, and is too long for that")
        self._is_text, self._name = not self._is_text, b""

    def _structure(self, mark: bytes) -> None:
        if mark in _OPENS:
            if not self._depth and mark == b"[":
                raise BadHttp("a list of messages, or of others, that is too long to be understood")
            self._depth += 1
        elif mark in _CLOSES:
            self._depth -= 1
        self._is_name = self._depth == 1 and mark in (b"{", b",")
