"""Git's configuration is read as git reads it: what git says of the same bytes is the measure."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.sandbox.tree.git_config import BadConfig, parse, without, written

_PIECES = st.sampled_from(
    [
        *(
            b"[core]\n",
            b'[branch "a b"]\n',
            b'[x "q\\"\\\\"]',
            b"[Sec.Sub]",
            b"[a] k = v\n",
            b"[",
            b"]",
            b'"',
            b"\\",
        ),
        *(
            b"\tkey = value\n",
            b"k=v",
            b" = ",
            b"flag\n",
            b"; note\n",
            b"# [core]\n",
            b"\n",
            b"\r\n",
            b" \t",
            b"\\\n",
        ),
        *(
            b'"a;b"',
            b"\\n",
            b"\\t",
            b"\\q",
            b"value # not this",
            b"a  b ",
            b"-",
            b"1",
            b"Key",
            b"\xef\xbb\xbf",
            b"\xff",
        ),
    ]
)


def _as_git(path: Path) -> list[bytes] | None:
    done = subprocess.run(
        ["git", "config", "--file", str(path), "--no-includes", "--list", "-z"],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        check=False,
    )
    return None if done.returncode else done.stdout.split(b"\0")[:-1]


def _as_ours(data: bytes) -> list[bytes] | None:
    try:
        entries = parse(data).entries
    except BadConfig:
        return None
    return [e.name if e.value is None else e.name + b"\n" + e.value for e in entries]


def _spaced(found: list[bytes]) -> list[bytes]:
    """Before 2.45 git made a space of a tab that stands in a value without quotes."""
    return [each.replace(b"\t", b" ") for each in found]


@settings(max_examples=150)
@given(pieces=st.lists(_PIECES, max_size=14))
def test_any_text_is_read_or_refused_as_git_does(
    pieces: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = b"[core]\n" + b"".join(pieces)
    path = tmp_path_factory.getbasetemp() / "some.config"
    path.write_bytes(data)
    theirs, ours = _as_git(path), _as_ours(data)
    if theirs is None:
        assert ours is None, "what git refuses, nobody may believe"
    elif ours is not None:
        assert _spaced(ours) == _spaced(theirs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"[core]\n\tbare = false ; note\n", [b"core.bare\nfalse"]),
        (b'[branch "Main"]\n\tRemote = "or" igin\n', [b"branch.Main.remote\nor igin"]),
        (b"[Branch.Main]\nmerge=x\n", [b"branch.main.merge\nx"]),
        (b"[a]b=1\n[c] d\n", [b"a.b\n1", b"c.d"]),
        (b"[a]\nb = one \\\n two\n", [b"a.b\none  two"]),
        (b'[a]\nb = "x # y" # z\n', [b"a.b\nx # y"]),
        (b'[a]\nb = \\t\\n\\b\\\\\\"\n', [b'a.b\n\t\n\x08\\"']),
        (b"\xef\xbb\xbf[a]\r\nb = c\r\n", [b"a.b\nc"]),
        (b"", []),
    ],
)
def test_what_git_understands_is_understood(text: bytes, expected: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(text)
    assert _as_git(tmp_path / "config") == expected
    assert _as_ours(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"key = 1\n",
            b"[a\nb=1\n",
            b'[a "b]\n',
            b'[a "b"\n',
            b'[a]\nb = "c\n',
            b"[a]\nb = \\q\n",
            b"[a]\nb c\n",
        ),
        *(b"[a]\n1 = 2\n", b"[]\nb=1\n", b"[a]\nb = c\0d\n", b'[a "b\nc"]\n', b"[a]\nb = \\"),
    ],
)
def test_what_git_would_not_read_is_refused(text: bytes) -> None:
    with pytest.raises(BadConfig):
        parse(text)


def test_more_than_the_limits_is_refused() -> None:
    with pytest.raises(BadConfig):
        parse(b"[a]\n" + b"#" * LIMITS.git_config_bytes)
    with pytest.raises(BadConfig):
        parse(b"[a]\n" + b"b\n" * (LIMITS.git_config_entries + 1))


@given(
    name=st.binary(min_size=1, max_size=20).filter(
        lambda name: not {0, 10} & set(name) and b"\r\n" not in name
    ),
    value=st.binary(max_size=40).filter(lambda value: 0 not in value),
)
def test_what_is_written_is_read_again_as_it_was(name: bytes, value: bytes) -> None:
    (entry,) = parse(written(b"branch", name, [(b"description", value)])).entries
    assert (entry.section, entry.subsection, entry.value) == (b"branch", name, value)


def test_sections_go_and_everything_else_stays_byte_by_byte() -> None:
    text = b'# top\n[core]\n\ta = 1\n[branch "x"]\n\tremote = o\n; of x\n[core] b = 2\n[branch "y"]\n\tz\n'
    assert (
        without(parse(text), b"branch", [b"x"])
        == b'# top\n[core]\n\ta = 1\n[core] b = 2\n[branch "y"]\n\tz\n'
    )
    assert without(parse(text), b"branch", []) == text
