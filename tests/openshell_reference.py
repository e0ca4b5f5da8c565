"""What OpenShell lets through, in a few lines: the strictest of the readings that its editions have.

Rules are taken as carried out, whatever `enforcement` says: an import must not rest on what audits let pass.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

READING = ("GET", "HEAD", "OPTIONS")
WRITING = (*READING, "POST", "PUT", "PATCH")
TYPES = ("query", "mutation", "subscription")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request, or a connection of which nobody reads anything."""

    host: str
    port: int
    program: str
    method: str = "GET"
    path: str = "/"
    query: tuple[str, ...] = ()
    operations: tuple[str, ...] | None = None
    raw: bool = False


def lets(policy: dict[str, Any], asked: Asked) -> bool:
    """Whether it lets this through."""
    meeting = [each for each, programs in _endpoints(policy) if _reaches(each, programs, asked)]
    looked_at = any(
        _is_looked_at(each, asked.host) for each in policy.get("network_middlewares", {}).values()
    )
    if not meeting or looked_at or any("allowed_ips" in each for each in meeting):
        return False
    inspected = [each for each in meeting if each.get("protocol") not in (None, "tcp")]
    if asked.raw:
        return not inspected and any(_is_unread(each) for each in meeting)
    read = [each for each in meeting if not _is_unread(each)]
    if ";" in asked.path or ("%2F" in asked.path and not all(map(_takes_slashes, read))):
        return False
    if any(_denies(rule, asked) for each, by in _endpoints(policy) if by for rule in _denials(each, asked)):
        return False
    if not inspected:
        return any(not _is_unread(each) and _allows(each, asked) for each in meeting)
    fitting = [each for each in inspected if _selects(each.get("path", ""), asked.path)]
    most = max((_weight(each) for each in fitting), default=0)
    return any(_allows(each, asked) for each in fitting if _weight(each) == most)


def _endpoints(policy: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    for rule in policy.get("network_policies", {}).values():
        for each in rule.get("endpoints", []):
            yield each, [binary["path"] for binary in rule.get("binaries", [])]


def _reaches(endpoint: dict[str, Any], programs: list[str], asked: Asked) -> bool:
    return (
        any(_fits(each, asked.program) for each in programs)
        and asked.port in endpoint.get("ports", [endpoint.get("port")])
        and _fits(endpoint["host"].replace(".", "/"), asked.host.replace(".", "/"))
    )


def _is_unread(endpoint: dict[str, Any]) -> bool:
    return endpoint.get("protocol") == "tcp" or endpoint.get("tls") == "skip"


def _takes_slashes(endpoint: dict[str, Any]) -> bool:
    return endpoint.get("allow_encoded_slash", False) is True


def _is_looked_at(middleware: dict[str, Any], host: str) -> bool:
    def among(key: str) -> bool:
        patterns = middleware["endpoints"].get(key, [])
        return any(_fits(each.replace(".", "/"), host.replace(".", "/")) for each in patterns)

    return among("include") and not among("exclude")


def _selects(selector: str, path: str) -> bool:
    if selector in ("", "**", "/**"):
        return True
    if selector.endswith("/**"):
        begins = selector.removesuffix("/**")
        return path == begins or path.startswith(f"{begins}/")
    return re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", selector))), path) is not None


def _weight(endpoint: dict[str, Any]) -> int:
    selector = endpoint.get("path", "")
    return 0 if selector in ("", "**", "/**") else 2 * len(selector.removesuffix("/**")) - ("*" in selector)


def _allows(endpoint: dict[str, Any], asked: Asked) -> bool:
    if "rules" in endpoint:
        return any(_rule(endpoint, each["allow"], asked) for each in endpoint["rules"])
    access = endpoint.get("access", "full" if endpoint.get("protocol") is None else None)
    if endpoint.get("protocol") == "graphql":
        types = {"read-only": TYPES[:1], "read-write": TYPES[:2], "full": TYPES}.get(access, ())
        return bool(asked.operations) and all(each.split(".")[0] in types for each in asked.operations or ())
    if endpoint.get("protocol") == "websocket":
        return access in ("read-write", "full") and asked.method == "GET"
    return access == "full" or asked.method in {"read-only": READING, "read-write": WRITING}.get(access, ())


def _rule(endpoint: dict[str, Any], rule: dict[str, Any], asked: Asked) -> bool:
    if endpoint.get("protocol") == "graphql":
        return bool(asked.operations) and all(_operation(rule, each) for each in asked.operations or ())
    if rule.get("method") not in ("*", asked.method) or not _fits(rule.get("path", ""), asked.path):
        return False
    values = [each.partition("=") for each in asked.query]
    for name, said in rule.get("query", {}).items():
        found = [value for key, _, value in values if key == name]
        globs = [said] if isinstance(said, str) else said["any"]
        if not found or not all(any(_fits(_dotted(g), _dotted(v)) for g in globs) for v in found):
            return False
    return True


def _dotted(text: str) -> str:
    return text.replace("/", "\0").replace(".", "/")


def _operation(rule: dict[str, Any], operation: str) -> bool:
    kind, _, name = operation.partition(".")
    fields = rule.get("fields", [name])
    return rule.get("operation_type") == kind and any(_fits(each, name) for each in fields)


def _denials(endpoint: dict[str, Any], asked: Asked) -> list[dict[str, Any]]:
    if asked.port not in endpoint.get("ports", [endpoint.get("port")]):
        return []
    return (
        endpoint.get("deny_rules", [])
        if _fits(*(x.replace(".", "/") for x in (endpoint["host"], asked.host)))
        else []
    )


def _denies(rule: dict[str, Any], asked: Asked) -> bool:
    if "operation_type" in rule:
        return asked.operations is None or any(_operation(rule, each) for each in asked.operations)
    method = rule.get("method", "*")
    is_method = method in ("*", asked.method) or (method == "GET" and asked.method == "HEAD")
    names = {each.partition("=")[0] for each in asked.query}
    return (
        is_method and _meant(rule.get("path", "**"), asked.path) and names.issuperset(rule.get("query", {}))
    )


def _fits(pattern: str, text: str) -> bool:
    """The narrow reading: `*` stays within a part, and `**` is at least one."""
    if pattern == "**":
        return True
    parts = ["[^/]+(?:/[^/]+)*" if each == "**" else _part(each) for each in pattern.split("/")]
    return re.fullmatch("/".join(parts), text) is not None


def _part(text: str) -> str:
    return "[^/]*".join(map(re.escape, re.split(r"\*+", text)))


def _meant(pattern: str, path: str) -> bool:
    """The wide reading: a star is anything, and a rest may be nothing."""
    whole = ".*".join(map(re.escape, re.split(r"\*+", pattern)))
    rest = ".*".join(map(re.escape, re.split(r"\*+", pattern.removesuffix("/**"))))
    return any(re.fullmatch(each, path) is not None for each in (whole, rest))
