"""Where requests have their GraphQL: in the address, in a form, in JSON, alone or in a batch, or as the body.

A document that is known to the server by its digest alone gives None: what it does is not known here.
Source: GraphQL over HTTP, draft of 2025; the persisted queries of Apollo's servers.
"""

from collections.abc import Iterator
from urllib.parse import unquote_plus

from ringfence.core.bounded_json import Json
from ringfence.core.limits import LIMITS
from ringfence.protocols.graphql import operations
from ringfence.protocols.http import BadHttp
from ringfence.protocols.json_rpc import is_spelt
from ringfence.protocols.targets import Target

__all__ = ["in_address", "in_document", "in_form", "in_text"]

Operations = tuple[str, ...] | None

_QUERY = frozenset({"query"})
_BY_DIGEST = frozenset({"extensions", "id", "documentid", "queryid", "doc_id", "operationname"})


def in_address(target: Target, *, must_be: bool) -> Iterator[Operations]:
    """Of each `query` in the address."""
    for name, value in target.query:
        if name.casefold() == "query":
            yield from _text(value, must_be=must_be)
        elif must_be and name.casefold() in _BY_DIGEST:
            yield None


def in_form(body: bytes, *, must_be: bool) -> Iterator[Operations]:
    """Of each `query` in a form."""
    text = body.decode("latin-1")
    if text.count("&") >= LIMITS.http_query_values:
        raise BadHttp(f"more than {LIMITS.http_query_values} values in a form")
    for each in text.split("&"):
        name, _, value = each.partition("=")
        if unquote_plus(name).casefold() == "query":
            yield from _text(unquote_plus(value), must_be=must_be)
        elif must_be and name:
            yield None


def in_text(body: bytes, *, is_whole: bool) -> Iterator[Operations]:
    """Of a body that is nothing else."""
    if not is_whole:
        raise BadHttp("a body that must be understood, and is too long for that")
    try:
        yield from _text(body.decode(), must_be=True)
    except UnicodeDecodeError:
        raise BadHttp("a GraphQL document that is no UTF-8") from None


def in_document(document: Json, *, must_be: bool) -> Iterator[Operations]:
    """Of JSON, alone or in a batch."""
    parts = document if isinstance(document, list) else [document]
    if must_be and not 0 < len(parts) <= LIMITS.rpc_messages:
        raise BadHttp("a batch of GraphQL requests with none, or with too many")
    for each in parts[: LIMITS.rpc_messages] if not must_be else parts:
        if not isinstance(each, dict):
            if must_be:
                raise BadHttp("a body at a GraphQL address that is none")
            continue
        if not is_spelt(each, _QUERY) and must_be:
            raise BadHttp("a GraphQL request that some read otherwise")
        query = each.get("query")
        if isinstance(query, str) and query:
            yield from _text(query, must_be=must_be)
        elif must_be:
            yield None


def _text(text: str, *, must_be: bool) -> Iterator[Operations]:
    try:
        yield operations(text)
    except BadHttp:
        if must_be:
            raise
