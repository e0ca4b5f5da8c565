"""Actions as OCSF tells them: of which activity, and on what, for each class that a type of action has.

Facts come out of the ledger and may be anything; what does not fit is left out, and stands in `unmapped`.
"""

import re
from collections.abc import Callable, Mapping

from ringfence.app.ledger.ocsf.frame import Made, text
from ringfence.app.ledger.telling import action_type, fact, subject_of
from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Facts

__all__ = ["CLASS_OF", "Mapped", "acting", "ai_model", "mapped", "software"]

CLASS_OF: Mapping[str, int] = {each.name: each.ocsf_class for each in ACTION_TYPES}

_OTHER = 99
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH")
_OF_MODELS = frozenset({"model.use", "model.pull", "model.sign", "model.quarantine", "prompt.send"})
_WITH_MODEL = frozenset({1007, 6003})  # classes that have the profile ai_operation
_API = {"model.pull": 2, "model.sign": 1, "credential.use": 2, "credential.keep": 3, "prompt.send": 1}
_API |= {"record.prune": 4, "git.push": 3}
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a class has for one action."""

    class_: int
    activity: int
    attributes: Made
    profiles: tuple[str, ...] = ()


def mapped(facts: Facts, *, proceeds: bool, uid: str, device: Made) -> Mapped | None:
    """The action in its class; None for a type that nobody knows here. `uid` names the event."""
    class_ = CLASS_OF.get(action_type(facts))
    if class_ is None:
        return None
    activity, attributes = _BY_CLASS[class_](facts, proceeds, uid)
    if class_ == 6003:
        attributes["src_endpoint"] = {"uid": device["uid"]}
    model = ai_model(facts)
    profiles: tuple[str, ...] = ()
    if model is not None and class_ in _WITH_MODEL:
        attributes["ai_model"], profiles = model, ("ai_operation",)
    return Mapped(class_=class_, activity=activity, attributes=attributes, profiles=profiles)


def acting(facts: Facts, asked_by: str | None) -> Made:
    """Who acts: an agent, the account that runs it, the session."""
    made: Made = {}
    if agent := fact(facts, "agent"):
        made["app_name"] = text(agent)
    if session := fact(facts, "session"):
        made["session"] = {"uid": text(session)}
    if asked_by:
        made["user"] = {"uid": text(asked_by)}
    return made or {"app_name": _UNKNOWN}


def ai_model(facts: Facts) -> Made | None:
    """The model that an action is about; None when it is about none."""
    if action_type(facts) not in _OF_MODELS:
        return None
    name = fact(facts, "name") or fact(facts, "model")
    source = fact(facts, "source")
    made: Made = {"name": text(name or _UNKNOWN), "ai_provider": text(_provider(source, facts))}
    if revision := fact(facts, "revision"):
        made["version"] = text(revision)
    if digest := fact(facts, "digest"):
        made["uid"] = text(digest)
    return made


def software(facts: Facts) -> Made:
    """A model, runtime or agent as a bill of materials of one component."""
    kind = action_type(facts).partition(".")[0]
    name = fact(facts, "name") or fact(facts, "agent") or _UNKNOWN
    version = fact(facts, "version") or fact(facts, "revision") or _UNKNOWN
    component: Made = {"name": text(name), "version": text(version)}
    if license_ := fact(facts, "license"):
        component["license"] = text(license_)
    if found := _SHA256.fullmatch(fact(facts, "digest")):
        component["hash"] = {"algorithm_id": 3, "algorithm": "SHA-256", "value": found[1]}
    return {
        "package": component,
        "software_components": [component | {"type_id": _OTHER, "type": kind}],
    }


def _provider(source: str, facts: Facts) -> str:
    """Whoever is named as the model's source: an organization of a hub, a host, or this machine."""
    parts = source.split("/")
    named = parts[1] if len(parts) > 2 else parts[0]
    return named or fact(facts, "host") or fact(facts, "store") or _UNKNOWN


def _endpoint(facts: Facts) -> Made:
    made: Made = {"name": text(fact(facts, "host") or fact(facts, "address") or _UNKNOWN)}
    if fact(facts, "host"):
        made["hostname"] = made["name"]
    port = facts.get("port")
    if type(port) is int and 0 <= port <= 65_535:
        made["port"] = port
    return made


def _inventory(facts: Facts, _proceeds: bool, _uid: str) -> tuple[int, Made]:
    return 1, {"sbom": software(facts)}


def _listener(_facts: Facts, _proceeds: bool, _uid: str) -> tuple[int, Made]:
    return 1, {}


def _connection(facts: Facts, proceeds: bool, _uid: str) -> tuple[int, Made]:
    return 1 if proceeds else 5, {"dst_endpoint": _endpoint(facts)}


def _http(facts: Facts, _proceeds: bool, _uid: str) -> tuple[int, Made]:
    method = fact(facts, "method").upper()
    endpoint = _endpoint(facts)
    url: Made = {"path": text(fact(facts, "path") or "/"), "hostname": endpoint["name"]}
    request: Made = {"url": url}
    if "port" in endpoint:
        url["port"] = endpoint["port"]
    if method in _METHODS:
        request["http_method"] = method
    activity = _METHODS.index(method) + 1 if method in _METHODS else _OTHER
    return activity, {"http_request": request, "dst_endpoint": endpoint}


def _process(facts: Facts, _proceeds: bool, uid: str) -> tuple[int, Made]:
    program = fact(facts, "program") or _UNKNOWN
    line = f"{program} {fact(facts, 'arguments')}".rstrip()
    return 1, {
        "process": {
            "uid": uid,
            "name": text(program.rpartition("/")[2] or program),
            "path": text(program),
            "cmd_line": text(line),
            "working_directory": text(fact(facts, "folder")),
        }
    }


def _file(facts: Facts, _proceeds: bool, _uid: str) -> tuple[int, Made]:
    path = fact(facts, "path") or _UNKNOWN
    file: Made = {"name": text(path.rpartition("/")[2] or path), "path": text(path), "type_id": 0}
    if found := _SHA256.fullmatch(fact(facts, "digest")):
        file["hashes"] = [{"algorithm_id": 3, "algorithm": "SHA-256", "value": found[1]}]
    activities = {"file.read": 2, "file.write": 3}
    return activities.get(action_type(facts), _OTHER), {"file": file}


def _access(facts: Facts, _proceeds: bool, _uid: str) -> tuple[int, Made]:
    return 1, {
        "user": {"uid": text(fact(facts, "asked_by") or _UNKNOWN)},
        "privileges": [text(fact(facts, "action_type") or _UNKNOWN)],
    }


def _api(facts: Facts, _proceeds: bool, _uid: str) -> tuple[int, Made]:
    type_ = action_type(facts)
    api: Made = {"operation": type_}
    if service := fact(facts, "server") or fact(facts, "host") or fact(facts, "source"):
        api["service"] = {"name": text(service)}
    made: Made = {"api": api, "resources": [{"name": text(subject_of(facts) or _UNKNOWN), "type": type_}]}
    if fact(facts, "host"):
        made["dst_endpoint"] = _endpoint(facts)
    return _API.get(type_, _OTHER), made


_BY_CLASS: Mapping[int, Callable[[Facts, bool, str], tuple[int, Made]]] = {
    1001: _file,
    1007: _process,
    3005: _access,
    4001: _connection,
    4002: _http,
    5001: _listener,
    5020: _inventory,
    6003: _api,
}
