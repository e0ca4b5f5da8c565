"""Go's module proxies and the database of their sums: what is set, else what the installed Go comes with.

Source: "Go Modules Reference", GOPROXY and GOSUMDB; `go help environment` (go.env).
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.endpoint.registries.lines import options
from ringfence.endpoint.registries.looking import Looking, Role, Said

__all__ = ["own", "settings"]

_GO = "go"
_PROXIES, _SUMS = "GOPROXY", "GOSUMDB"
_PLACES = (
    "usr/local/go/go.env",
    "usr/lib/go/go.env",
    "usr/lib/go-*/go.env",
    "usr/share/go-*/go.env",
    "~/.local/go/go.env",
    "~/sdk/go*/go.env",
)


def settings(looking: Looking) -> Iterator[Said]:
    """What is set, the last word first."""
    for name in (_PROXIES, _SUMS):
        yield from _said(name, looking.environment.get(name, ""), f"${name}", 1)
    path = looking.home.variable("GOENV") or looking.home.xdg("XDG_CONFIG_HOME", ".config") / "go/env"
    yield from _of_file(looking, path)


def own(looking: Looking) -> Iterator[Said]:
    """What the first Go that is found was made with."""
    for path in looking.each(*_PLACES):
        if found := [*_of_file(looking, path)]:
            yield from found
            return


def _of_file(looking: Looking, path: Path) -> Iterator[Said]:
    for each in options(looking.text(path) or ""):
        name = each.name.upper()
        if name in (_PROXIES, _SUMS):
            yield from _said(name, each.value, looking.named(path), each.line)


def _said(name: str, value: str, file: str, line: int) -> Iterator[Said]:
    """Of a list of proxies those that are asked by HTTP; of a database its address, or the name's own."""
    if name == _PROXIES:
        found, role = [each for each in value.replace("|", ",").split(",") if "://" in each], Role.INDEX
    else:
        parts = value.split()
        server = parts[-1].partition("+")[0] if parts and parts[0] != "off" else ""
        found, role = [server if "://" in server else f"https://{server}"] if server else [], Role.FILES
    for address in found:
        yield Said(program=_GO, role=role, address=address, file=file, line=line)
