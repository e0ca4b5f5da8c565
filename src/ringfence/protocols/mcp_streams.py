"""A conversation of MCP over standard streams: what passes between client and server, by who asked what.

A request is known by its id from when it is let through until it is answered; an answer passes once, and
only to such a request. What acts is handed out to be judged, and passes or is refused by whoever judges it.

    client's request   -> judged (held) -> sent -> answered
                                  |          |
                               refused   withdrawn: whatever answers it is dropped
    server's request   -> may be answered by a rule -> sent -> the answer judged -> answered
                       -> may not: refused

Batches are taken apart: each message goes on a line of its own. Lists of tools show those that may be called.

Source: the MCP specification, 2025-06-18 (transports: stdio; cancellation; tools), 2025-03-26 (batches).
"""

from collections.abc import Callable, Iterator
from dataclasses import field
from enum import StrEnum

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Label
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp
from ringfence.protocols.listed_tools import ChangedTool, ListedTools
from ringfence.protocols.mcp import Call, answered, call_of, is_method
from ringfence.protocols.rpc_lines import BadLine, Id, Said, error_line, line_of, said

__all__ = ["Conversation", "Dropped", "Judged", "Passed", "Side", "Step"]

_INVALID, _REFUSED, _BUSY = -32600, -32003, -32004
_CANCELLED = "notifications/cancelled"
_Key = tuple[type, Id]  # 1 is not "1"


class Side(StrEnum):
    """Who says something, or is told."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A line for that side."""

    to: Side
    line: bytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What the client wants to tell the server, and what that comes down to: for `let` or `refuse`."""

    call: Call
    schema_digest: str | None  # of the tool as the server described it last
    said: Said

    @property
    def key(self) -> _Key | None:
        """By which the client would withdraw it."""
        return _key(self.said) if self.said.message.method is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What went no further, and whose it was. The words are our own."""

    by: Side
    what: str


Step = Passed | Judged | Dropped | ChangedTool


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One of them. `may`: whether any rule lets a tool or method be called, with whatever arguments.

    `still`: whether what a call was let through by would let it through now.
    """

    may: Callable[[str], bool]
    still: Callable[[object], bool] = lambda _by: True
    _asked: dict[Side, dict[_Key, str]] = field(
        default_factory=lambda: {Side.CLIENT: {}, Side.SERVER: {}}
    )  # methods of that side's requests which the other one has
    _let: dict[_Key, object] = field(default_factory=dict)  # what the client's calls among them were let by
    _held: set[_Key] = field(default_factory=set)  # the client's, that are being judged
    _withdrawn: dict[_Key, None] = field(default_factory=dict)  # the oldest first
    _tools: ListedTools = field(default_factory=ListedTools)

    def of_client(self, line: bytes, label: Label) -> Iterator[Step]:
        """What comes of a line of the client's, whose values carry `label`."""
        try:
            for each in said(line, max_bytes=LIMITS.app_body_bytes):
                yield from self._by_client(each, label)
        except BadLine as error:
            yield from self._bad(error)

    def of_server(self, line: bytes) -> Iterator[Step]:
        """What comes of a line of the server's."""
        try:
            for each in said(line, max_bytes=LIMITS.app_push_bytes):
                yield from self._by_server(each)
        except BadHttp as error:
            yield Dropped(by=Side.SERVER, what=str(error))

    def let(self, judged: Judged, by: object = None) -> Passed | None:
        """It was decided that this may pass, and it is sent now; None: it was withdrawn meanwhile.

        `by` is what `still` is asked about when its answer is there.
        """
        key = judged.key
        if key is not None:
            if key not in self._held:
                return None
            self._held.discard(key)
            self._asked[Side.CLIENT][key] = str(judged.said.message.method)
            self._let[key] = by
        return Passed(to=Side.SERVER, line=line_of(judged.said.parts))

    def refuse(self, judged: Judged, why: str) -> Iterator[Step]:
        """It was decided that this may not pass: who waits for an answer is told why."""
        key, id_ = judged.key, judged.said.id
        if judged.said.message.method is None:  # an answer, for which the server waits
            yield Passed(to=Side.SERVER, line=error_line(id_, _REFUSED, "the answer is withheld by policy"))
        elif key is not None and key in self._held:
            self._held.discard(key)
            yield Passed(to=Side.CLIENT, line=error_line(id_, _REFUSED, why))

    def is_wanted(self, judged: Judged) -> bool:
        """Whether who asked still waits for it."""
        return judged.key is None or judged.key in self._held

    def _by_client(self, each: Said, label: Label) -> Iterator[Step]:
        method = each.message.method
        if method is None:
            yield from self._answer_of_client(each, label)
            return
        if method == _CANCELLED:
            yield from self._cancelled(Side.CLIENT, each)
            return
        asked, key = self._asked[Side.CLIENT], _key(each)
        if key is not None and (key in asked or key in self._held):
            yield Dropped(by=Side.CLIENT, what="a request with the id of another one that is not answered")
            return
        if len(asked) + len(self._held) >= LIMITS.rpc_requests:
            yield from self._refused_at_once(each, _BUSY, "too many requests that are not answered")
            return
        try:
            call = call_of(each.message, label)
            line = line_of(each.parts)
        except BadHttp as error:
            yield from self._refused_at_once(each, _INVALID, str(error))
            return
        if key is not None and call is not None:
            self._held.add(key)
        elif key is not None:
            asked[key] = method
        if call is None:
            yield Passed(to=Side.SERVER, line=line)
        else:
            yield Judged(call=call, schema_digest=self._tools.digest(call.tool), said=each)

    def _answer_of_client(self, each: Said, label: Label) -> Iterator[Step]:
        method = self._asked[Side.SERVER].pop(_known(each), None)
        if method is None:
            yield Dropped(by=Side.CLIENT, what="an answer to what was not asked")
            return
        try:
            call = answered(each.message.result, label, method=method if is_method(method) else None)
            line = line_of(each.parts)
        except BadHttp as error:
            yield Dropped(by=Side.CLIENT, what=str(error))
            yield Passed(to=Side.SERVER, line=error_line(each.id, _INVALID, "the answer was none"))
            return
        if call is None:
            yield Passed(to=Side.SERVER, line=line)
        else:
            yield Judged(call=call, schema_digest=None, said=each)

    def _by_server(self, each: Said) -> Iterator[Step]:
        method = each.message.method
        if method is None:
            yield from self._answer_of_server(each)
        elif method == _CANCELLED:
            yield from self._cancelled(Side.SERVER, each)
        elif each.id is None:
            if method.startswith("notifications/") and is_method(method):
                yield Passed(to=Side.CLIENT, line=line_of(each.parts))
            else:
                yield Dropped(by=Side.SERVER, what="a notification that is none of MCP")
        else:
            yield from self._request_of_server(each, method)

    def _request_of_server(self, each: Said, method: str) -> Iterator[Step]:
        """It passes where a rule may let the answer pass, which is judged with all that it says."""
        asked, key = self._asked[Side.SERVER], _known(each)
        if key in asked:
            yield Dropped(by=Side.SERVER, what="a request with the id of another one that is not answered")
        elif len(asked) >= LIMITS.rpc_requests:
            yield Dropped(by=Side.SERVER, what="too many requests that are not answered")
        elif method == "ping" or (is_method(method) and self.may(method)):
            line = line_of(each.parts)
            asked[key] = method
            yield Passed(to=Side.CLIENT, line=line)
        else:
            named = f"the server's request {method}" if is_method(method) else "a method that is none of MCP"
            yield Dropped(by=Side.SERVER, what=f"{named}, which no rule allows")
            yield Passed(to=Side.SERVER, line=error_line(each.id, _REFUSED, "refused by policy"))

    def _answer_of_server(self, each: Said) -> Iterator[Step]:
        key = _known(each)
        method = self._asked[Side.CLIENT].pop(key, None)
        is_call, by = key in self._let, self._let.pop(key, None)
        if method is None:
            if key in self._withdrawn:
                del self._withdrawn[key]
            else:
                yield Dropped(by=Side.SERVER, what="an answer to what was not asked")
            return
        if is_call and not self.still(by):
            yield Dropped(by=Side.SERVER, what="an answer to what the policy refuses by now")
            why = "the policy has changed, and refuses this by now"
            yield Passed(to=Side.CLIENT, line=error_line(each.id, _REFUSED, why))
            return
        parts = each.parts
        try:
            if method == "tools/list" and not each.is_error:
                result, steps = self._tools.shown(parts.get("result"), self.may)
                for step in steps:
                    yield step if isinstance(step, ChangedTool) else Dropped(by=Side.SERVER, what=step)
                parts = {**parts, "result": result}
            line = line_of(parts)
        except BadHttp as error:
            yield Dropped(by=Side.SERVER, what=str(error))
            line = error_line(each.id, _INVALID, f"the server's answer: {error}")
        yield Passed(to=Side.CLIENT, line=line)

    def _cancelled(self, by: Side, each: Said) -> Iterator[Step]:
        """Of a request that the other side has, or that is being judged. Others were answered meanwhile."""
        params = each.message.params
        id_: Json = params.get("requestId") if isinstance(params, dict) else None
        if not isinstance(id_, str | int) or each.id is not None:
            yield Dropped(by=by, what="a withdrawal of nothing")
            return
        key: _Key = (type(id_), id_)
        if by is Side.CLIENT and key in self._held:
            self._held.discard(key)
        elif key in self._asked[by]:
            line = line_of(each.parts)
            del self._asked[by][key]
            if by is Side.CLIENT:
                self._let.pop(key, None)
                self._withdrawn[key] = None
                if len(self._withdrawn) > LIMITS.rpc_requests:
                    del self._withdrawn[next(iter(self._withdrawn))]
            yield Passed(to=Side.SERVER if by is Side.CLIENT else Side.CLIENT, line=line)

    def _bad(self, error: BadLine) -> Iterator[Step]:
        """A line of the client's that is no message; who waits for an answer gets one."""
        yield Dropped(by=Side.CLIENT, what=str(error))
        key = None if error.id is None else (type(error.id), error.id)
        if key is None or not (key in self._asked[Side.CLIENT] or key in self._held):
            yield Passed(to=Side.CLIENT, line=error_line(error.id, _INVALID, str(error)))

    def _refused_at_once(self, each: Said, code: int, why: str) -> Iterator[Step]:
        yield Dropped(by=Side.CLIENT, what=why)
        if each.id is not None:
            yield Passed(to=Side.CLIENT, line=error_line(each.id, code, why))


def _key(each: Said) -> _Key | None:
    return None if each.id is None else (type(each.id), each.id)


def _known(each: Said) -> _Key:
    """Of an answer, or of what is known to be a request."""
    assert each.id is not None
    return type(each.id), each.id
