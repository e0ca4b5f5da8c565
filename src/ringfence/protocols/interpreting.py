"""What a request is: the actions that policy is asked about. Bytes in, values out; nothing is sent here.

The first action is always the request itself. What rides in it comes after it: each reference of a git push,
each call in a message to an MCP server. A request that must be understood and is not raises `BadHttp`: it is
never taken for less than it may be to the server.
"""

import re
from collections.abc import Iterator

from ringfence.core.actions import Action, GitUpdate, HttpRequest, ToolCall
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Label
from ringfence.core.limits import LIMITS
from ringfence.protocols.content_codings import Decoder, coding_of
from ringfence.protocols.git.pushes import push
from ringfence.protocols.graphql_requests import in_address, in_document, in_form, in_text
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.json_rpc import messages
from ringfence.protocols.late_members import LateMembers
from ringfence.protocols.mcp import calls, speaks_mcp
from ringfence.protocols.targets import Target, canonical_target

__all__ = ["interpret", "is_push", "needs_body"]

_RECEIVE_PACK = "/git-receive-pack"
_PUSH = "application/x-git-receive-pack-request"
_GRAPHQL = "application/graphql"
_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT"})
# What a server that reads JSON may be lenient enough to take for it.
_LOOKED_AT = re.compile(
    r"|text/.*|application/(?:.*[+/.-])?(?:json|graphql)|application/x-www-form-urlencoded"
)
_IN_UTF8 = re.compile(r'"?(?:utf-?8|us-ascii|ascii)"?', re.IGNORECASE)
_BLANKS = b" \t\r\n\v\f"
_MARKS = b"\xef\xbb\xbf\xfe\xff\x00"  # before JSON in other characters
_HTTPS = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A request with what is known of its body."""

    head: RequestHead
    target: Target
    kind: str  # content-type, without what follows it
    body: bytes
    is_whole: bool
    wanted: int  # `needs_body`

    @property
    def must_be_mcp(self) -> bool:
        return speaks_mcp(self.head.headers)

    @property
    def is_at_graphql(self) -> bool:
        return _is_graphql(self.target.path) or self.kind == _GRAPHQL


def needs_body(head: RequestHead) -> int:
    """How many bytes of a request's body, from its beginning, are needed to decide; 0 for most.

    Raises:
        BadHttp: there is no telling.
    """
    path, kind = canonical_target(head.target).path, _kind(head)
    if path.endswith(_RECEIVE_PACK) or kind == _PUSH:
        return LIMITS.app_push_bytes
    if speaks_mcp(head.headers) or _is_graphql(path) or kind == _GRAPHQL:
        return LIMITS.app_body_bytes
    if head.method not in _NO_BODY and _LOOKED_AT.fullmatch(kind):
        return LIMITS.app_body_bytes
    return 0


def is_push(head: RequestHead) -> bool:
    """Whether it is a git push, which is refused by `git.pushes.refusal`."""
    return head.method == "POST" and canonical_target(head.target).path.endswith(_RECEIVE_PACK)


def interpret(
    head: RequestHead,
    *,
    host: str,
    port: int,
    session: str,
    agent: str,
    context: Label | None,
    program: str | None,
    body: bytes,
    is_whole: bool,
) -> tuple[Action, ...]:
    """The actions, the request first. `body` is its beginning, as long as `needs_body` asks for, or all.

    Raises:
        BadHttp: it can be read in two ways, or must be understood and is not.
    """
    target = canonical_target(head.target)
    read = _read(head, target, body, is_whole=is_whole)
    document, is_json = _document(read)
    said = messages(document, must_be=read.must_be_mcp) if is_json else None
    request = HttpRequest(
        host=host,
        port=port,
        method=head.method,
        path=target.path,
        query=tuple(f"{name}={value}" for name, value in target.query),
        operations=_operations(read, document) if said is None else None,
        agent=agent,
        session=session,
        context=context,
        program=program,
    )
    server = host + (f":{port}" if port != _HTTPS else "") + target.path
    made = [
        ToolCall(
            server=server,
            tool=each.tool,
            arguments=each.arguments,
            agent=agent,
            session=session,
            context=context,
        )
        for each in (calls(said, head.headers, context) if said is not None else ())
    ]
    return (request, *made, *_updates(request, read))


def _read(head: RequestHead, target: Target, body: bytes, *, is_whole: bool) -> _Read:
    kind, wanted = _kind(head), needs_body(head)
    coding = coding_of(head.headers) if wanted else "identity"
    if coding != "identity":
        if not is_whole:
            raise BadHttp("a body that must be understood, and is too long for that")
        decoder = Decoder(coding)
        body = decoder.feed(body) + decoder.finish()
        if len(body) > wanted:
            raise BadHttp("a body that must be understood, and is too long for that")
    return _Read(head=head, target=target, kind=kind, body=body, is_whole=is_whole, wanted=wanted)


def _document(read: _Read) -> tuple[Json, bool]:
    """The JSON of a body that may be understood as such, and whether there is one."""
    is_asked = read.must_be_mcp and read.head.method == "POST"
    if not read.wanted or read.head.method == "GET" or read.kind == _PUSH:
        return None, False
    says_json = read.kind.endswith("json")
    begins = read.body.lstrip(_BLANKS + _MARKS)
    is_marked = len(begins) < len(read.body.lstrip(_BLANKS)) or b"\0" in begins[:4]
    may_be = begins[:1] in (b"{", b"[") and read.kind != _GRAPHQL
    if not begins and not read.is_whole:
        raise BadHttp("a body that begins with nothing for too long")
    if not (may_be or is_asked or (says_json and read.body)):
        return None, False
    if not all(map(_IN_UTF8.fullmatch, _charsets(read.head))) or is_marked:
        raise BadHttp("JSON in other characters than UTF-8, or with a mark before it")
    if not read.is_whole:
        if is_asked or read.is_at_graphql or len(read.body) < read.wanted:
            raise BadHttp("a body that must be understood, and is too long for that")
        LateMembers().feed(read.body)
        return None, False
    try:
        return parse(read.body, max_bytes=LIMITS.app_push_bytes), True
    except BadJson as error:
        if says_json or is_asked or read.is_at_graphql:
            raise BadHttp(f"a body in JSON: {error}") from None
        if b'"jsonrpc"' in read.body or b'"method"' in read.body:
            raise BadHttp("a body that some may take for a message") from None
        return None, False


def _operations(read: _Read, document: Json) -> tuple[str, ...] | None:
    """Of GraphQL in the address, in JSON, in a form or as text; None where there is none.

    Raises:
        BadHttp: there must be, and is not, or not all of it can be read.
    """
    must_be = read.is_at_graphql
    found = list(in_address(read.target, must_be=must_be))
    if read.kind == "application/x-www-form-urlencoded":
        if must_be and not read.is_whole:
            raise BadHttp("a body that must be understood, and is too long for that")
        found += in_form(read.body, must_be=must_be) if read.is_whole else []
    elif read.kind == _GRAPHQL:
        found += in_text(read.body, is_whole=read.is_whole)
    elif document is not None:
        found += in_document(document, must_be=must_be)
    elif must_be and read.body:
        raise BadHttp("a body at a GraphQL address that is none")
    names = {name for each in found if each is not None for name in each}
    return None if None in found or not names else tuple(sorted(names))


def _updates(request: HttpRequest, read: _Read) -> Iterator[GitUpdate]:
    if request.method != "POST" or not (request.path.endswith(_RECEIVE_PACK) or read.kind == _PUSH):
        return
    repository = request.path.removesuffix(_RECEIVE_PACK).removesuffix(".git")
    for each in push(read.body).updates:
        yield GitUpdate(
            host=request.host,
            port=request.port,
            repository=repository,
            ref=each.ref,
            change=each.change,
            force=each.force,
            program=request.program,
            agent=request.agent,
            session=request.session,
            context=request.context,
        )


def _is_graphql(path: str) -> bool:
    return path.rstrip("/").lower().endswith("/graphql")


def _kind(head: RequestHead) -> str:
    return head.headers.once(_kind_of)


def _kind_of(headers: Headers) -> str:
    return (headers.one("content-type") or "").partition(";")[0].strip().lower()


def _charsets(head: RequestHead) -> Iterator[str]:
    for each in (head.headers.one("content-type") or "").split(";")[1:]:
        name, _, value = each.partition("=")
        if name.strip().lower() == "charset":
            yield value.strip()
