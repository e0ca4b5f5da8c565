"""One JSON object: names with values, or with whole credentials.

{"OPENAI_API_KEY": "…", "ci": {"kind": "basic", "hosts": ["git.example.com"], "user": "ci", "password": "…"}}
"""

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.limits import LIMITS
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.taking.values import Found

__all__ = ["json_map"]

_LISTS = ("hosts", "methods", "paths")


def json_map(data: bytes) -> tuple[Found, ...]:
    """Each member.

    Raises:
        CredentialRefused: it is no such object.
    """
    try:
        whole = parse(data, max_bytes=LIMITS.vault_import_bytes)
    except BadJson:
        raise _refused() from None
    if not isinstance(whole, dict):
        raise _refused()
    return tuple(_found(name, value) for name, value in whole.items())


def _found(name: str, value: Json) -> Found:
    if isinstance(value, str):
        return Found(name=name, line=0, values={"value": value})
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        raise _refused()
    lists = {each: _texts(value.get(each, [])) for each in _LISTS}
    rest = {key: each for key, each in value.items() if key not in (*_LISTS, "kind")}
    texts = {key: each for key, each in rest.items() if isinstance(each, str)}
    if texts.keys() != rest.keys():
        raise _refused()
    return Found(name=name, line=0, kind=str(value["kind"]), values=texts, **lists)


def _texts(value: Json) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _refused()
    return tuple(map(str, value))


def _refused() -> CredentialRefused:
    return CredentialRefused(
        "this is no JSON object of names with values, or with credentials",
        hint='{"NAME": "value"} or {"NAME": {"kind": "bearer", "hosts": [...], "token": "value"}}',
    )
