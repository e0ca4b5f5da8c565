"""Models made so that whoever compares them sees nothing, waits for ever or sees something else."""

import json
import os
import time
from pathlib import Path

import pytest

import forked
from ringfence.app.diff import compare
from ringfence.app.diff.comparison import TextKind
from ringfence.app.diff.texts import text_change
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.wiring.here import here


def sides(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return tmp_path / "old", tmp_path / "new"


def test_names_and_values_move_no_cursor(tmp_path: Path) -> None:
    old, new = sides(tmp_path)
    name = "\x1b[2J\u202econfig.json"
    (old / name).write_text(json.dumps({"\x1b]0;owned\x07": "a\x9b1A"}))
    (new / name).write_text(json.dumps({"\x1b]0;owned\x07": "b\r"}))
    (new / "evil\n.py").write_text("\x1b[8mimport os\x1b[0m\n")
    done = forked.ringfence("diff", old, new, env=os.environ)
    assert done.returncode == 1, done.stderr
    assert all(printable(line) == line for line in done.stdout.split("\n"))
    assert "\\x1b[8mimport os" in done.stdout


def test_a_change_deep_in_one_long_line_is_shown_and_not_cut_away() -> None:
    old = "{{ '" + "a" * 50_000 + "' }}"
    change = text_change("t", TextKind.TEMPLATE, old, old[:-4] + "evil' }}")
    assert change is not None
    assert any("evil" in line for line in change.lines if line.startswith("+"))


def test_a_change_deep_in_one_long_value_is_shown_and_not_cut_away(tmp_path: Path) -> None:
    old, new = sides(tmp_path)
    (old / "config.json").write_text(json.dumps({"system_prompt": "a" * 9_000}))
    (new / "config.json").write_text(json.dumps({"system_prompt": "a" * 8_000 + "evil"}))
    (change,) = compare(old, new, here()).values
    assert change.new is not None
    assert change.new.endswith("evil")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\n" * LIMITS.diffed_lines, "a\n" * (LIMITS.diffed_lines - 1) + "b\na\n"),
        ("a\nb\n" * 900 + "x\n", "b\na\n" * 900 + "y\n"),
        ("".join(f"{n % 40}\n" for n in range(2_000)), "".join(f"{n * 7 % 40}\n" for n in range(2_000))),
        ("{" * 200_000, "}" * 200_000),
        ("%}" * 100_000, "{{" * 100_000),
    ],
)
def test_texts_made_to_be_compared_slowly_are_not(old: str, new: str) -> None:
    started = time.process_time()
    assert text_change("t", TextKind.CODE, old, new) is not None
    assert time.process_time() - started < 20


def test_keys_that_grow_with_their_depth_are_skipped_and_not_unfolded(tmp_path: Path) -> None:
    old, new = sides(tmp_path)
    deep = json.dumps({"k" * 1_000: 1})
    for _ in range(300):
        deep = '{"' + "k" * 1_000 + '":' + deep + "}"
    (old / "config.json").write_text("{}")
    (new / "config.json").write_text(deep)
    found = compare(old, new, here())
    assert not found.complete
    assert [(each.subject, each.reason) for each in found.skipped] == [
        ("config.json", "too many or too deep values")
    ]
    assert [each.name for each in found.files] == ["config.json"]


def test_pipes_and_loops_of_links_do_not_hold_it_up(tmp_path: Path) -> None:
    for folder in sides(tmp_path):
        os.mkfifo(folder / "pipe.safetensors")
        (folder / "loop").symlink_to("loop")
        (folder / "up").symlink_to("..")
    found = compare(tmp_path / "old", tmp_path / "new", here())
    assert found.same
    assert not found.complete


def test_files_that_differ_only_in_what_is_hidden_differ(tmp_path: Path) -> None:
    old, new = sides(tmp_path)
    (old / "t.jinja").write_text("{{ x }}\n")
    (new / "t.jinja").write_text("{{ x }}\u200b\r\n")
    (change,) = compare(old, new, here()).texts
    assert change.lines == ("@@ -1 +1 @@", "-{{ x }}", "+{{ x }}\\u{200b}\\x0d")


def test_thousands_of_changes_are_counted_and_only_some_told(tmp_path: Path) -> None:
    old, new = sides(tmp_path)
    (old / "config.json").write_text(json.dumps({f"k{n}": 0 for n in range(5_000)}))
    (new / "config.json").write_text(json.dumps({f"k{n}": 1 for n in range(4_999)} | {"auto_map": "x.Y"}))
    found = compare(old, new, here())
    assert (len(found.values), found.items_left_out) == (LIMITS.diff_items, 5_001 - LIMITS.diff_items)
    assert found.values[0].key == "auto_map"
