"""A plan or a command as JSON between processes and back: the same value, or an error. Nothing is filled in.

Paths that are no UTF-8 keep their bytes: `os.fsdecode` writes such a byte as a lone surrogate, which JSON
escapes.
"""

import base64
from typing import Any

from ringfence.core.dataclass import asdict, fields
from ringfence.core.decisions import Place
from ringfence.core.limits import LIMITS
from ringfence.sandbox.plan import (
    Command,
    Identity,
    Layer,
    Limits,
    Mount,
    MountKind,
    Network,
    Plan,
    PublishedPort,
    Why,
)

__all__ = [
    "BadPlan",
    "command_from_json",
    "command_to_json",
    "from_json",
    "mount_from_json",
    "mount_to_json",
    "to_json",
]


class BadPlan(ValueError):
    """What came in is no plan. The message names the field and never quotes it."""


def to_json(plan: Plan) -> dict[str, Any]:
    """What `from_json` makes the same plan of."""
    value = {name: getattr(plan, name) for name in _fields(Plan)}
    return {
        **value,
        "identity": asdict(plan.identity),
        "mounts": [mount_to_json(each) for each in plan.mounts],
        "limits": asdict(plan.limits),
        "limits_why": _why_json(plan.limits_why),
        "debug_why": plan.debug_why and _why_json(plan.debug_why),
        "network": plan.network and asdict(plan.network),
        "published": [asdict(each) | {"why": _why_json(each.why)} for each in plan.published],
        "may_lack": sorted(plan.may_lack),
    }


def from_json(value: object) -> Plan:
    """The plan.

    Raises:
        BadPlan: a field is missing, unknown, of another type, or holds what no plan has.
    """
    found = _object(value, Plan)
    plan = Plan(
        **{
            **found,
            "identity": _made(Identity, found["identity"]),
            "mounts": tuple(mount_from_json(each) for each in _list(found["mounts"], "mounts")),
            "limits": _made(Limits, found["limits"]),
            "limits_why": _why(found["limits_why"]),
            "debug_why": None if found["debug_why"] is None else _why(found["debug_why"]),
            "network": None if found["network"] is None else _network(found["network"]),
            "published": tuple(_published(each) for each in _list(found["published"], "published")),
            "may_lack": frozenset(_word(Layer, each) for each in _list(found["may_lack"], "may_lack")),
            "must_hide": _texts(found["must_hide"], "must_hide"),
            "must_keep": _texts(found["must_keep"], "must_keep"),
        }
    )
    _check_types(plan)
    _check(plan)
    return plan


def _check(plan: Plan) -> None:
    """What a plan never has, whoever made it."""
    for mount in plan.mounts:
        _absolute(mount.target, "target")
        if mount.target == "/":
            raise BadPlan("target: the root itself")
        if mount.kind in (MountKind.READ, MountKind.WRITE):
            _absolute(mount.source, "source")
        elif mount.kind in (MountKind.SYMLINK, MountKind.LINK_OVER) and not mount.source:
            raise BadPlan("source: a link to nothing")
    _absolute(plan.folder, "folder")
    if min(plan.identity.host_uid, plan.identity.host_gid, plan.identity.uid, plan.identity.gid) < 1:
        raise BadPlan("identity: root")


def _absolute(path: str | None, field: str) -> None:
    if not path or not path.startswith("/") or (path != "/" and {"", ".", ".."} & set(path[1:].split("/"))):
        raise BadPlan(f"{field}: no absolute path as the kernel would write it")


def command_to_json(command: Command) -> dict[str, Any]:
    """What `command_from_json` makes the same command of."""
    return {name: getattr(command, name) for name in _fields(Command)}


def command_from_json(value: object) -> Command:
    """The command.

    Raises:
        BadPlan: it is none.
    """
    found = _object(value, Command)
    command = Command(
        program=_text(found["program"], "program"),
        arguments=_texts(found["arguments"], "arguments"),
        environment=tuple(_pair(each) for each in _list(found["environment"], "environment")),
    )
    _absolute(command.program, "program")
    if not command.arguments or not command.arguments[0]:
        raise BadPlan("arguments: no name that the program is called by")
    if any(not name or "=" in name for name, _ in command.environment):
        raise BadPlan("environment: no name")
    return command


def mount_to_json(mount: Mount) -> dict[str, Any]:
    """What `mount_from_json` makes the same place of."""
    return {
        **{name: getattr(mount, name) for name in _fields(Mount)},
        "why": _why_json(mount.why),
        "content": base64.b64encode(mount.content).decode(),
    }


def mount_from_json(value: object) -> Mount:
    """One place.

    Raises:
        BadPlan: it is none.
    """
    found = _object(value, Mount)
    try:
        content = base64.b64decode(found["content"], validate=True)
    except (ValueError, TypeError) as error:
        raise BadPlan("content: no base64") from error
    mount = Mount(
        **{
            **found,
            "kind": _word(MountKind, found["kind"]),
            "why": _why(found["why"]),
            "content": content,
        }
    )
    _check_types(mount)
    return mount


def _why_json(why: Why) -> dict[str, Any]:
    return {"text": why.text, "place": why.place and {"file": why.place.file, "line": why.place.line}}


def _why(value: object) -> Why:
    found = _object(value, Why)
    place = found["place"]
    why = Why(text=found["text"], place=None if place is None else _made(Place, place))
    _check_types(why)
    return why


def _network(value: object) -> Network:
    found = _object(value, Network)
    lists = {name: tuple(_list(found[name], name)) for name in ("ports", "own_ports")}
    network = Network(**{**found, **lists})
    _check_types(network)
    ports = (*network.ports, *network.own_ports)
    if max(map(len, lists.values())) > LIMITS.plan_ports or not all(
        map(_is_port, (*ports, network.proxy_port))
    ):
        raise BadPlan("ports: too many, or no port")
    return network


def _published(value: object) -> PublishedPort:
    found = _object(value, PublishedPort)
    made = PublishedPort(**{**found, "why": _why(found["why"])})
    if not _is_port(made.port) or not _is_port(made.host_port):
        raise BadPlan("published: no port")
    return made


def _is_port(value: object) -> bool:
    return type(value) is int and 0 < value < 1 << 16


def _made(kind: type[Any], value: object) -> Any:  # noqa: ANN401 - of `kind`
    made = kind(**_object(value, kind))
    _check_types(made)
    return made


def _object(value: object, kind: type) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != _fields(kind).keys():
        raise BadPlan(f"{kind.__name__}: not its fields")
    return value


def _list(value: object, field: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > LIMITS.plan_items:
        raise BadPlan(f"{field}: no list, or too long")
    return value


def _texts(value: object, field: str) -> tuple[str, ...]:
    return tuple(_text(each, field) for each in _list(value, field))


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise BadPlan(f"{field}: no text")
    return value


def _pair(value: object) -> tuple[str, str]:
    match value:
        case [name, text]:
            return _text(name, "environment"), _text(text, "environment")
    raise BadPlan("environment: no pair")


def _word(kind: Any, value: object) -> Any:  # noqa: ANN401 - an enumeration and its member
    try:
        return kind(value)
    except ValueError as error:
        raise BadPlan(f"{kind.__name__}: no such word") from error


def _check_types(made: object) -> None:
    """Simple fields are exactly what the value says; all others were made here."""
    for name, allowed in _fields(type(made)).items():
        value = getattr(made, name)
        if allowed and type(value) not in allowed:
            raise BadPlan(f"{type(made).__name__}.{name}: not its type")
        if type(value) is str and "\0" in value:
            raise BadPlan(f"{type(made).__name__}.{name}: no text")


def _fields(kind: type) -> dict[str, tuple[type, ...]]:
    found = _KNOWN.get(kind)
    if found is None:
        found = _KNOWN[kind] = {each.name: _SIMPLE.get(each.type, ()) for each in fields(kind)}
    return found


_KNOWN: dict[type, dict[str, tuple[type, ...]]] = {}
_SIMPLE: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    int | None: (int, type(None)),
    str | None: (str, type(None)),
}
