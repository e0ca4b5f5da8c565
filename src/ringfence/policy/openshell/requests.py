"""The rules of an endpoint that is read as HTTP: REST, WebSockets and GraphQL."""

import re
from collections.abc import Iterable

from ringfence.policy.openshell.document import Access
from ringfence.policy.openshell.endpoint import Matcher
from ringfence.policy.openshell.entries import Making, Value, within
from ringfence.policy.openshell.patterns import literal, wide, wide_text
from ringfence.policy.openshell.report import Came

__all__ = ["deny_operations", "deny_requests", "deny_websockets", "graphql", "rest", "websocket"]

_METHOD = re.compile(r"[A-Za-z][A-Za-z-]{0,30}")
_READING = ["GET", "HEAD", "OPTIONS"]
_METHODS = {Access.READ_ONLY: _READING, Access.READ_WRITE: [*_READING, "POST", "PUT", "PATCH"]}
_OPERATIONS = ("query", "mutation", "subscription")
_TYPES = {Access.READ_ONLY: _OPERATIONS[:1], Access.READ_WRITE: _OPERATIONS[:2], Access.FULL: _OPERATIONS}
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_ALL = ("**", "/**")


def rest(making: Making) -> None:
    """REST, and what has rules without saying that anything is read."""
    endpoint = making.endpoint
    if endpoint.access is not None or (endpoint.rules is None and endpoint.protocol is None):
        paths, is_exact = within(endpoint.selector)
        what = _asked(methods=_METHODS.get(endpoint.access or Access.FULL), paths=paths)
        making.allow(what, endpoint.spot, is_exact=is_exact)
    for each in endpoint.rules or ():
        _rest_rule(making, each)


def deny_requests(making: Making) -> None:
    """What REST denies."""
    for each in making.endpoint.denials:
        making.deny(_denied(each), each.spot)


def _rest_rule(making: Making, rule: Matcher) -> None:
    if rule.method is None or rule.path is None or _asks_else(rule):
        making.left_out(
            rule.spot, "a rule for requests has a method and a path, and nothing of other protocols"
        )
        return
    methods = _methods(rule.method)
    paths, is_exact = within(making.endpoint.selector, rule.path)
    if methods == [] or paths == []:
        making.left_out(
            rule.spot, "its method or path has no pattern of ringfence's, or is not the endpoint's"
        )
        return
    if rule.query:
        there = "parameters are compared one by one, with their case"
        making.report.add(
            Came.ASKED, rule.spot, there, "an operator is asked about requests with one of them"
        )
        is_exact = False
    query = [f"{literal(name)}={wide_text(each)}" for name, globs in rule.query for each in globs]
    making.allow(_asked(methods=methods, paths=paths, query=query or None), rule.spot, is_exact=is_exact)


def _denied(rule: Matcher) -> dict[str, Value]:
    """What a denial says, or more."""
    methods = None if rule.method is None else _methods(rule.method)
    if methods == ["GET"]:
        methods = ["GET", "HEAD"]
    query = [f"{literal(name)}={wide_text(each)}" for name, globs in rule.query for each in globs]
    return _asked(
        methods=methods or None,
        paths=None if rule.path is None else list(wide(rule.path)),
        query=query or None,
    )


def websocket(making: Making) -> None:
    """WebSockets. Messages are not judged here: what may not send any is not opened."""
    endpoint = making.endpoint
    if endpoint.access is Access.READ_ONLY:
        making.left_out(endpoint.spot, "a WebSocket may be opened, and nothing may be sent on it")
    elif endpoint.access is not None:
        paths, is_exact = within(endpoint.selector)
        making.allow(_asked(methods=["GET"], paths=paths), endpoint.spot, is_exact=is_exact)
    rules = endpoint.rules or ()
    sending = {each.path for each in rules if each.method in ("*", "WEBSOCKET_TEXT") and not _asks_else(each)}
    for each in rules:
        if each.method in ("GET", "*"):
            if each.path in sending or not sending.isdisjoint(_ALL):
                _websocket_rule(making, each)
            else:
                making.left_out(each.spot, "a WebSocket may be opened, and nothing may be sent on it")
        elif each.method != "WEBSOCKET_TEXT" or _asks_else(each):
            making.left_out(each.spot, "messages are told apart by what they say")


def deny_websockets(making: Making) -> None:
    """What is denied of WebSockets: a message that is, is one that nothing is opened for."""
    for each in making.endpoint.denials:
        paths = None if each.path is None or _asks_else(each) else list(wide(each.path))
        making.deny(_asked(methods=["GET"], paths=paths), each.spot)


def _websocket_rule(making: Making, rule: Matcher) -> None:
    if rule.path is None or rule.query or _asks_else(rule):
        making.left_out(rule.spot, "a WebSocket is told apart by more than its path")
        return
    paths, is_exact = within(making.endpoint.selector, rule.path)
    if paths == []:
        making.left_out(rule.spot, "its path has no pattern of ringfence's, or is not the endpoint's")
        return
    making.allow(_asked(methods=["GET"], paths=paths), rule.spot, is_exact=is_exact)


def graphql(making: Making) -> None:
    """GraphQL, in the bodies of POST alone."""
    endpoint = making.endpoint
    paths, is_exact = within(endpoint.selector)
    if endpoint.access is not None:
        operations = [f"{each}.*" for each in _TYPES[endpoint.access]]
        what = _asked(methods=["POST"], paths=paths, operations=operations)
        making.allow(what, endpoint.spot, is_exact=is_exact)
    for rule in endpoint.rules or ():
        if rule.operation_type not in _OPERATIONS or _asks_requests(rule):
            making.left_out(
                rule.spot, "a rule for GraphQL has an operation_type, and nothing of other protocols"
            )
            continue
        told = rule.operation_name is not None or rule.fields is not None
        if told:
            there = "operations are told apart by their name, and fields with their case"
            making.report.add(
                Came.ASKED, rule.spot, there, "an operator is asked about operations like these"
            )
        operations = _operations(rule.operation_type, rule.fields)
        what = _asked(methods=["POST"], paths=paths, operations=operations)
        making.allow(what, rule.spot, is_exact=is_exact and not told)


def deny_operations(making: Making) -> None:
    """What GraphQL denies; a request of which nobody knows what it does counts as one of these."""
    selector = making.endpoint.selector
    paths = None if selector in ("", *_ALL) else list(wide(selector))
    for rule in making.endpoint.denials:
        kind = rule.operation_type if rule.operation_type in _OPERATIONS else "*"
        fields = None if rule.operation_name is not None else rule.fields
        making.deny(_asked(paths=paths, operations=_operations(kind or "*", fields)), rule.spot)


def _operations(kind: str, fields: tuple[str, ...] | None) -> list[str]:
    if not fields:
        return [f"{kind}.*"]
    return [f"{kind}.{each if _NAME.fullmatch(each) else wide_text(each)}" for each in fields]


def _methods(method: str) -> list[str] | None:
    """The methods; None is all of them, an empty list none."""
    if method == "*":
        return None
    return [method.upper()] if _METHOD.fullmatch(method) else []


def _asked(**what: Iterable[str] | None) -> dict[str, Value]:
    return {key: list(value) for key, value in what.items() if value is not None}


def _asks_else(rule: Matcher) -> bool:
    """Whether a rule for requests asks what only other protocols have."""
    return _asks_any(rule.operation_type, rule.operation_name, rule.fields, rule.tool, rule.command)


def _asks_requests(rule: Matcher) -> bool:
    """Whether a rule for GraphQL asks what only other protocols have."""
    return _asks_any(rule.method, rule.path, rule.query or None, rule.tool, rule.command)


def _asks_any(*values: object) -> bool:
    return any(each is not None for each in values)
