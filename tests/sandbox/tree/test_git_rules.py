"""What of a git configuration flows back, what is harmful, what is secret: over bytes, without git."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sandbox.tree.git_config import parse, written
from ringfence.sandbox.tree.git_rules import cut, flowed, harmful, stays_behind

_HOST = parse(b'[core]\n\tbare = false\n[remote "origin"]\n\turl = ../a\n[branch "old"]\n\tremote = origin\n')


def _left(*sections: bytes) -> bytes:
    return b"".join((_HOST.data, *sections))


@pytest.mark.parametrize(
    "name",
    [
        *(
            b"-x",
            b"a b",
            b"a..b",
            b"a\x1b[0m",
            b"a@{1}",
            b"a:b",
            b"a~1",
            b"a^",
            b"a?b",
            b"a*",
            b"a[b",
            b"x" * 300,
        )
    ],
)
def test_no_branch_of_an_impossible_name_flows_back(name: bytes) -> None:
    left = parse(_left(written(b"branch", name, [(b"remote", b"origin")])))
    assert flowed(_HOST, left, _HOST) is None


@pytest.mark.parametrize("name", [b"main", b"feature/x", b"a.b", b"v1-2_3", "größe".encode()])
def test_a_branch_of_an_ordinary_name_does(name: bytes) -> None:
    section = written(b"branch", name, [(b"remote", b"origin"), (b"merge", b"refs/heads/" + name)])
    assert flowed(_HOST, parse(_left(section)), _HOST) == _left(section)


def test_a_branch_that_changed_on_both_sides_is_as_the_box_left_it() -> None:
    """But keys of the host's that never flow stay."""
    host = parse(_HOST.data + b'\tmergeOptions = --no-ff\n[branch "new"]\n\tremote = .\n')
    left = parse(_HOST.data.replace(b"remote = origin", b"remote = ."))
    assert flowed(_HOST, left, host) == (
        b'[core]\n\tbare = false\n[remote "origin"]\n\turl = ../a\n[branch "new"]\n\tremote = .\n'
        b'[branch "old"]\n\tremote = "."\n\tmergeoptions = "--no-ff"\n'
    )


def test_done_twice_nothing_changes_the_second_time() -> None:
    left = parse(_left(written(b"branch", b"x", [(b"remote", b"origin")])))
    once = flowed(_HOST, left, _HOST)
    assert once is not None
    assert flowed(_HOST, left, parse(once)) is None


def test_a_remote_that_only_the_box_knows_is_no_remote() -> None:
    left = parse(_left(b'[remote "evil"]\n\turl = https://x.example\n[branch "old"]\n\tpushRemote = evil\n'))
    assert flowed(_HOST, left, _HOST) is None
    assert stays_behind(_HOST, left, _HOST) == [b"branch.old.pushremote", b"remote.evil.url"]


_KEYS = st.sampled_from(
    [
        *(
            b"core.fsmonitor",
            b"core.bare",
            b"remote.o.url",
            b"branch.m.remote",
            b"alias.x",
            b"user.name",
            b"http.proxy",
        )
    ]
)


@given(entries=st.lists(st.tuples(_KEYS, st.sampled_from([b"x", b"true", b"o", b"ext::x", b"https://a/b"]))))
def test_whatever_a_box_leaves_no_key_but_of_branches_changes_on_the_host(
    entries: list[tuple[bytes, bytes]],
) -> None:
    text = b""
    for name, value in entries:
        section, *middle, key = name.split(b".")
        header = b'[%s "%s"]' % (section, middle[0]) if middle else b"[" + section + b"]"
        text += header + b"\n\t" + key + b" = " + value + b"\n"
    after = flowed(_HOST, parse(_left(text)), _HOST)
    if after is not None:
        now, was = parse(after), _HOST
        assert [e for e in now.entries if e.section != b"branch"] == [
            e for e in was.entries if e.section != b"branch"
        ]
        assert list(harmful(now, was, inside=lambda _: False)) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (b'[remote "o"]\n\turl = https://u:p@h/a\n', b'[remote "o"]\n\turl = "https://h/a"\n'),
        (b'[remote "o"]\n\turl = ssh://git@h/a\n', b'[remote "o"]\n\turl = "ssh://git@h/a"\n'),
        (b'[http "https://h"]\n\textraHeader = A: b\n\tsslVerify\n', b'[http "https://h"]\n\tsslverify\n'),
        (b"# secret\n[a]\n; secret\n\tb = c # secret\n", b'[a]\n\tb = "c"\n'),
        (b'[url "https://u:p@h/"]\n\tinsteadOf = x\n', b""),
        (b"[sendemail]\n\tsmtpPass = x\n\tsmtpUser = y\n", b'[sendemail]\n\tsmtpuser = "y"\n'),
    ],
)
def test_a_copy_is_without_what_is_secret(text: bytes, left: bytes) -> None:
    assert cut(parse(text)) == left
