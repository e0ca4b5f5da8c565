"""npm's registry, which pnpm and the first yarn ask, too: what is set, else what the installed npm has.

Source: npm's documentation, "npmrc" and "config"; @npmcli/config, lib/definitions/definitions.js.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ringfence.endpoint.registries.lines import options
from ringfence.endpoint.registries.looking import Looking, Role, Said

__all__ = ["own", "settings"]

_NPM = "npm"
_OWN = re.compile(
    r"""(?:define\(|registry: new Definition\()'registry', \{\s{0,20}default: ["'](https://[a-z0-9.-]{1,253}/)["'],"""
)
_PLACES = (
    "usr/lib/node_modules",
    "usr/local/lib/node_modules",
    "usr/share/nodejs",
    "opt/homebrew/lib/node_modules",
    "~/.local/lib/node_modules",
    "~/.npm-global/lib/node_modules",
    "~/.nvm/versions/node/*/lib/node_modules",
    "data:fnm/node-versions/*/installation/lib/node_modules",
    "data:mise/installs/node/*/lib/node_modules",
    "~/.volta/tools/image/node/*/lib/node_modules",
)
_DEFINITIONS = "@npmcli/config/lib/definitions/definitions.js"
_PACKAGES = (f"npm/node_modules/{_DEFINITIONS}", _DEFINITIONS)
_VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY", "YARN_REGISTRY", "YARN_NPM_REGISTRY_SERVER")


def settings(looking: Looking) -> Iterator[Said]:
    """What is set, the last word first; a scope's own registry is asked beside the others."""
    yield from looking.variable(_NPM, Role.INDEX, *_VARIABLES)
    for path in _files(looking):
        for each in options(looking.text(path) or ""):
            is_scoped = each.name.startswith("@") and each.name.endswith(":registry")
            if each.name != "registry" and not is_scoped:
                continue
            role = Role.EXTRA if is_scoped else Role.INDEX
            yield Said(program=_NPM, role=role, address=each.value, file=looking.named(path), line=each.line)


def own(looking: Looking) -> Iterator[Said]:
    """What the first npm that is found was made with."""
    for path in (each / part for each in looking.each(*_PLACES) for part in _PACKAGES):
        text = looking.text(path) or ""
        if found := _OWN.search(text):
            line = text.count("\n", 0, found.start(1)) + 1
            yield Said(program=_NPM, role=Role.INDEX, address=found[1], file=looking.named(path), line=line)
            return


def _files(looking: Looking) -> Iterator[Path]:
    home, root = looking.home, looking.root
    for name in ("npm_config_userconfig", "NPM_CONFIG_USERCONFIG"):
        if named := home.variable(name):
            yield named
    yield home.path / ".npmrc"
    yield home.xdg("XDG_CONFIG_HOME", ".config") / "pnpm/rc"
    yield home.path / ".npm-global/etc/npmrc"
    for folder in ("etc", "usr/etc", "usr/local/etc"):
        yield root / folder / "npmrc"
