import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.signing import BadSignature, Bundle, read_bundle, write_bundle

KEY = Bundle(payload=b"{}", signature=b"\x30\x00", key_hint="ab" * 32, certificates=(), logged=False)
CHAIN = Bundle(payload=b"", signature=b"s", key_hint=None, certificates=(b"own", b"team"), logged=False)


@pytest.mark.parametrize("bundle", [KEY, CHAIN])
def test_what_was_written_reads_the_same(bundle: Bundle) -> None:
    assert read_bundle(write_bundle(bundle)) == bundle


@pytest.mark.parametrize("bundle", [KEY, CHAIN])
def test_cut_short_it_is_never_accepted(bundle: Bundle) -> None:
    data = write_bundle(bundle)
    for end in range(len(data)):
        with pytest.raises(BadSignature):
            read_bundle(data[:end])


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(BadSignature):
        read_bundle(data)
