"""The environment of a box: small, made anew, without what looks secret unless the policy names it."""

from collections.abc import Iterable, Iterator, Mapping

from ringfence.core.redaction import redact_value
from ringfence.policy.sandboxing import Sandboxing
from ringfence.sandbox.plan import Identity, Network
from ringfence.sandbox.planning.answered import answered_variables
from ringfence.sandbox.planning.host import Kind
from ringfence.sandbox.planning.view import View

__all__ = ["environment", "folders_of"]

_AS_THEY_ARE = frozenset(
    {
        *(
            "LANG",
            "LANGUAGE",
            "TERM",
            "COLORTERM",
            "TERM_PROGRAM",
            "TZ",
            "NO_COLOR",
            "FORCE_COLOR",
            "CLICOLOR",
        ),
        *("CLICOLOR_FORCE", "EDITOR", "VISUAL", "PAGER", "LESS", "LS_COLORS", "PYTHONUNBUFFERED"),
        *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
        *("PYENV_VERSION", "RUSTUP_TOOLCHAIN", "NODE_ENV", "CI", "SOURCE_DATE_EPOCH"),
    }
)
_PLACES = (
    *("JAVA_HOME", "GOROOT", "PYENV_ROOT", "NVM_DIR", "NVM_BIN", "RUSTUP_HOME", "VOLTA_HOME", "BUN_INSTALL"),
    *("SDKMAN_DIR", "ASDF_DIR", "ASDF_DATA_DIR", "CONDA_PREFIX", "VIRTUAL_ENV", "RBENV_ROOT", "FNM_DIR"),
)
_LOCALE = "LC_"
_XDG = {
    "XDG_CONFIG_HOME": ".config",
    "XDG_CACHE_HOME": ".cache",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
_NEVER = frozenset({"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"})
"""Handed in by their whole names only: they decide what every program in the box runs."""

_USUAL = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_SHELLS = ("/bin/bash", "/bin/sh")


def environment(
    user_s: Mapping[str, str],
    said: Sandboxing,
    view: View,
    *,
    who: Identity,
    home: str,
    session: str,
    network: Network | None = None,
    stand_ins: Iterable[tuple[str, str]] = (),
) -> tuple[tuple[str, str], ...]:
    """The whole of it, sorted: the usual as the user has it, what the policy hands in, what the box says.

    `stand_ins` are variables with placeholders, which come in place of the user's.
    """
    made = dict(_usual(user_s, view))
    made |= {name: value for name, value in user_s.items() if name and _is_handed(name, value, said)}
    made |= dict(stand_ins)
    made |= {} if network is None else answered_variables(network)
    made |= {
        "PATH": ":".join(folders_of(user_s.get("PATH", ""), view)),
        "HOME": home,
        "USER": who.name,
        "LOGNAME": who.name,
        "SHELL": _shell(user_s.get("SHELL", ""), view),
        "TMPDIR": "/tmp",  # noqa: S108 - the box's own
        "XDG_RUNTIME_DIR": f"/run/user/{who.uid}",
        **{name: f"{home.removesuffix('/')}/{below}" for name, below in _XDG.items()},
        "RINGFENCE": "1",
        "RINGFENCE_SESSION": session,
    }
    return tuple(sorted(made.items()))


def folders_of(path: str, view: View) -> tuple[str, ...]:
    """Those folders of a search path that the box has; the usual ones where none is left."""
    for folders in (path.split(":"), _USUAL):
        kept = tuple(
            dict.fromkeys(each for each in folders if each.startswith("/") and _is_folder(each, view))
        )
        if kept:
            return kept
    return _USUAL


def _usual(user_s: Mapping[str, str], view: View) -> Iterator[tuple[str, str]]:
    for name, value in user_s.items():
        is_usual = name in _AS_THEY_ARE or name.startswith(_LOCALE)
        is_place = name in _PLACES and value.startswith("/") and _is_folder(value, view)
        if is_place or (is_usual and not _looks_secret(name, value)):
            yield name, value


def _is_handed(name: str, value: str, said: Sandboxing) -> bool:
    if said.handed(name) is None:
        return False
    only_by_name = name in _NEVER or _looks_secret(name, value)
    return not only_by_name or said.handed(name, by_name=True) is not None


def _looks_secret(name: str, value: str) -> bool:
    return redact_value(name, value, longest=len(value)) != value


def _is_folder(path: str, view: View) -> bool:
    seen = view.seen(path)
    return seen is not None and seen.kind is Kind.FOLDER


def _shell(named: str, view: View) -> str:
    shells = (named, *_SHELLS) if named.startswith("/") else _SHELLS
    return next((each for each in shells if view.seen(each) is not None), _SHELLS[-1])
