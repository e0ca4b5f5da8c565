"""Each way in which a box cannot be had has a hint of its own."""

import errno
from pathlib import Path

import pytest

from ringfence.sandbox.failures import refusal
from ringfence.sandbox.messages import Failed
from ringfence.sandbox.plan import Layer

_APPARMOR = {"kernel__apparmor_restrict_unprivileged_userns": "1"}
_NONE = {"user__max_user_namespaces": "0"}
_SOME = {"user__max_user_namespaces": "9"}
_ROOT_ONLY = {"kernel__unprivileged_userns_clone": "0"}
_USER = Layer.USER_NAMESPACE


def _machine(folder: Path, **settings: str) -> Path:
    for name, value in settings.items():
        path = folder / "sys" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return folder


@pytest.mark.parametrize(
    ("layer", "number", "what", "settings", "hint"),
    [
        (_USER, errno.EACCES, "map", _APPARMOR, "AppArmor"),
        (Layer.ROOT, errno.EACCES, "mount", _APPARMOR, "/etc/apparmor.d"),
        (_USER, errno.ENOSPC, "clone", _NONE, "user.max_user_namespaces="),
        (_USER, errno.ENOSPC, "clone", _SOME, "too many namespaces"),
        (_USER, errno.EPERM, "clone", _ROOT_ONLY, "for root alone"),
        (Layer.USER_NAMESPACE, errno.EPERM, "clone", {}, "a container"),
        (Layer.USER_NAMESPACE, errno.EINVAL, "clone", {}, "CONFIG_USER_NS"),
        (Layer.LANDLOCK, errno.ENOSYS, "hold", {}, "CONFIG_SECURITY_LANDLOCK"),
        (Layer.LANDLOCK, errno.EOPNOTSUPP, "hold", {}, "lsm="),
        (Layer.SECCOMP, errno.EINVAL, "load", {}, "CONFIG_SECCOMP_FILTER"),
        (Layer.USER_NAMESPACE, errno.EAGAIN, "clone", {}, "ulimit -u"),
        (None, errno.ENOMEM, "fork", {}, "memory"),
        (Layer.ROOT, errno.EMFILE, "mount", {}, "ulimit -n"),
        (Layer.ROOT, errno.EINVAL, "map owners of /tree", {}, "overlay, NFS"),
        (Layer.ROOT, errno.ENOENT, "mount /x", {}, "is gone"),
        (Layer.ROOT, errno.ELOOP, "mount /x", {}, "symbolic link"),
        (Layer.ROOT, errno.ENODEV, "make devices at /dev", {}, "devpts"),
        (Layer.ROOT, errno.EPERM, "mount proc at /proc", {}, "/proc is covered"),
        (Layer.ROOT, errno.EACCES, "mount /x", {}, "may not look there"),
        (Layer.CAPABILITIES, errno.EINVAL, "drop", {}, "ringfence doctor"),
    ],
)  # fmt: skip
def test_a_failure_says_what_to_do(
    tmp_path: Path, layer: Layer | None, number: int, what: str, settings: dict[str, str], hint: str
) -> None:
    error = refusal(Failed(layer=layer, errno=number, what=what), proc=_machine(tmp_path, **settings))
    assert hint in error.hint


def test_a_failure_says_what_was_done_and_why_it_failed() -> None:
    error = refusal(Failed(layer=Layer.ROOT, errno=errno.ENOENT, what="mount /a\nb\x1b[0m"))
    assert error.what == "no box: private root: mount /a\\x0ab\\x1b[0m: no such file or directory"


def test_a_layer_that_does_not_hold_is_no_failure_of_the_machine() -> None:
    error = refusal(Failed(layer=Layer.SECCOMP, errno=0, what="mount: it worked"))
    assert error.what == "the box does not hold: system call filter: mount: it worked"
