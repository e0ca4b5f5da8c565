import marshal

from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.marshal_strings import marshal_strings


def test_every_name_that_code_uses_is_found() -> None:
    code = compile("import os.path as p\ndef f(a):\n  return p.join(a.b, getattr(a, 'secret'))", "x", "exec")
    for version in range(5):
        found = set(marshal_strings(marshal.dumps(code, version)))
        assert found >= {"os.path", "join", "getattr", "secret", "a", "b", "f"}


def test_a_false_beginning_hides_no_name() -> None:
    assert "system" in set(marshal_strings(b"\xda\x20" + b"z\x06system" + bytes(40)))


@given(st.binary(max_size=300))
def test_any_bytes_are_gone_through(data: bytes) -> None:
    assert all(name.isascii() for name in marshal_strings(data))
