import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.digests import Sha256, model_id, parse_sha256

_DIGESTS = st.binary(max_size=20).map(lambda data: Sha256(hashlib.sha256(data).hexdigest()))


@given(_DIGESTS, st.sampled_from(["", "sha256:", "sha256-", "SHA256:"]), st.booleans())
def test_a_digest_is_read_however_it_is_spelled(digest: Sha256, prefix: str, upper: bool) -> None:
    assert parse_sha256(prefix + (digest.upper() if upper else digest)) == digest


@pytest.mark.parametrize(
    "text", ["", "sha256:", "a" * 63, "a" * 65, "g" * 64, "a" * 64 + "\n", "md5:" + "a" * 64]
)
def test_anything_else_is_no_digest(text: str) -> None:
    assert parse_sha256(text) is None


@given(st.lists(_DIGESTS), st.randoms())
def test_a_models_id_does_not_depend_on_the_order_of_its_files(files: list[Sha256], random: object) -> None:
    shuffled = sorted(files, key=lambda _: random.random())
    assert model_id(shuffled) == model_id(files)


@given(st.lists(_DIGESTS, max_size=5), _DIGESTS)
def test_another_file_makes_another_model(files: list[Sha256], more: Sha256) -> None:
    assert model_id([*files, more]) != model_id(files)


def test_a_models_id_is_the_digest_of_its_sorted_digests() -> None:
    a, b = Sha256("a" * 64), Sha256("b" * 64)
    expected = hashlib.sha256(f"{a}\n{b}".encode()).hexdigest()
    assert model_id([b, a]) == f"sha256:{expected}"
