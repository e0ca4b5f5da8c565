import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.cli.sizes import parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("1500", 1500),
        ("2GB", 2_000_000_000),
        ("1MiB", 1 << 20),
        ("1M", 1 << 20),
        ("1.5 kB", 1500),
        ("3tb", 3_000_000_000_000),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "-1", "GB", "1 parsec", "1e9", "nan", "1..2", "٣"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="try 500MB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (100_000, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (4_100_000_000, "4.1 GB"),
        (12_345_678_901_234, "12.3 TB"),
    ],
)
def test_sizes_are_shown_with_a_decimal_unit(size_bytes: int, shown: str) -> None:
    assert show_size(size_bytes) == shown


@given(st.integers(min_value=0, max_value=10**14))
def test_what_is_shown_reads_back_as_nearly_the_same_size(size_bytes: int) -> None:
    assert abs(parse_size(show_size(size_bytes).replace(" ", "")) - size_bytes) <= max(1, 0.06 * size_bytes)
