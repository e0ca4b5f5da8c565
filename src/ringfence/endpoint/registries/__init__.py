"""Which registries this machine's package managers are set to; where nothing is set, what they are made with.

Each package manager is a file, and one line in the table. Nothing of the working tree counts, and nothing is
asked of anybody: what cannot be read in files is not known.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.registries import Registries, Registry
from ringfence.endpoint.registries import cargo, go, npm, pip, uv, yarn
from ringfence.endpoint.registries.looking import Looking, Role, Said, file_registry, registry_of

__all__ = ["Looking", "registries"]

_Find = Callable[[Looking], Iterable[Said]]


def _none(_looking: Looking) -> Iterable[Said]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manager:
    """One package manager."""

    settings: _Find
    own: _Find = _none  # where no index is set
    files_beside: bool = False  # files lie beside the index, and not below it
    index: str = ""  # variables by which a box is told of what is set
    extra: str = ""


_MANAGERS = (
    _Manager(
        settings=pip.settings,
        own=pip.own,
        files_beside=True,
        index="PIP_INDEX_URL",
        extra="PIP_EXTRA_INDEX_URL",
    ),
    _Manager(settings=uv.settings, files_beside=True, index="UV_DEFAULT_INDEX", extra="UV_INDEX"),
    _Manager(settings=npm.settings, own=npm.own, index="NPM_CONFIG_REGISTRY"),
    _Manager(settings=yarn.settings, index="YARN_NPM_REGISTRY_SERVER"),
    _Manager(settings=cargo.settings, files_beside=True),
    _Manager(settings=go.settings, own=go.own, index="GOPROXY"),
)


def registries(looking: Looking) -> Registries:
    """All of them, at most `limits.registries`."""
    found: dict[tuple[str, int, str], Registry] = {}
    variables: list[tuple[str, str]] = []
    for manager in _MANAGERS:
        said = [*islice(manager.settings(looking), LIMITS.registries)]
        is_set = any(each.role is Role.INDEX for each in said)
        for each in _of(manager, said, [*manager.own(looking)], is_set=is_set):
            found.setdefault((each.host, each.port, each.path), each)
        variables += _variables(manager, said if is_set else ())
    return Registries(found=tuple(found.values())[: LIMITS.registries], environment=tuple(variables))


def _of(manager: _Manager, said: list[Said], own: list[Said], *, is_set: bool) -> Iterator[Registry]:
    """Those of one package manager. Where its own index is among them, so is what that says of files."""
    known = {each.host for said in own if said.role is Role.INDEX and (each := registry_of(said))}
    indexes = [*said, *(() if is_set else own)]
    for index in indexes:
        registry = registry_of(index)
        if registry is None:
            continue
        yield registry
        if registry.host in known:
            yield from filter(None, (registry_of(each) for each in own if each.role is Role.FILES))
        elif manager.files_beside and index.role is not Role.FILES and (beside := file_registry(index)):
            yield beside


def _variables(manager: _Manager, said: Iterable[Said]) -> Iterator[tuple[str, str]]:
    """The first index, and all that are asked besides, as addresses without anything secret."""
    for name, role in ((manager.index, Role.INDEX), (manager.extra, Role.EXTRA)):
        shown = (_address(each) for each in said if each.role is role)
        whole = [*dict.fromkeys(filter(None, shown))]
        if name and whole:
            yield name, " ".join(whole) if role is Role.EXTRA else whole[0]


def _address(said: Said) -> str | None:
    registry = registry_of(said)
    if registry is None or "*" in registry.path:
        return None
    scheme = said.address.partition(":")[0]
    host = f"[{registry.host}]" if ":" in registry.host else registry.host
    port = "" if (scheme, registry.port) in (("https", 443), ("http", 80)) else f":{registry.port}"
    end = "/" if said.address.endswith("/") or not registry.path else ""
    return f"{scheme}://{host}{port}{registry.path}{end}"
