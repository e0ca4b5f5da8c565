"""Keys that the kernel keeps for the user who started the box: they go along with a process that has them."""

import errno

import pytest

import boxes
from filtering import in_child, try_call
from leaving_out import no_filter, no_probe, python

_SESSION = -3
_TAKE = """
keyctl = 250 if os.uname().machine == "x86_64" else 219
found = call(keyctl, 10, -3, ctypes.c_char_p(b"user"), ctypes.c_char_p(b"ringfence-test"), 0)
seen = ctypes.create_string_buffer(20)
call(keyctl, 11, found, seen, 20)
print(found if found < 0 else "found", seen.value.decode() or "-")
"""


def _with_a_key(user: str, *without: object) -> object:
    """What a box says that is started from a session that has a key."""

    def start() -> str:
        assert try_call("keyctl", 1, 0) > 0  # a session of its own
        key = try_call("add_key", b"user", b"ringfence-test", b"token", 5, _SESSION)
        if key < 0:
            return f"no keys here: {key}"
        assert try_call("keyctl", 5, key, 0x3F3F3F3F) == 0  # whoever has the session may read it
        return boxes.run(python(_TAKE), user=user, without=without).stdout.decode().strip()

    return in_child(start).returned


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_no_key_of_the_session_is_found(user: str) -> None:
    assert _with_a_key(user) == f"-{errno.EPERM} -"


def test_without_the_filter_the_key_is_read() -> None:
    assert _with_a_key("ordinary", no_filter, no_probe) == "found token"
