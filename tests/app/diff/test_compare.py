import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from raw_headers import gguf, gguf_array, gguf_key, gguf_tensor
from ringfence.app.diff import Comparison, compare
from ringfence.app.diff.comparison import How, Names, TextKind
from ringfence.core.errors import UnreadableScope, UsageError
from ringfence.core.verdicts import Verdict
from ringfence.wiring.here import here

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TEMPLATE = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
EVIL = b"cposix\nsystem\n(S'true'\ntR."


def folder(path: Path, files: Mapping[str, bytes | str]) -> Path:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def compared(tmp_path: Path, old: Mapping[str, bytes | str], new: Mapping[str, bytes | str]) -> Comparison:
    one, other = folder(tmp_path / "old", old), folder(tmp_path / "new", new)
    return compare(one, other, replace(here(), now=lambda: NOW))


def weights(**arrays: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    return save(dict(arrays))


def test_the_same_files_are_the_same_whenever_they_were_written(tmp_path: Path) -> None:
    files = {"a/config.json": "{}", "model.safetensors": weights(w=np.ones(3))}
    found = compared(tmp_path, files, files)
    assert (found.same, found.complete, found.files, found.skipped) == (True, True, (), ())


def test_a_file_that_became_dangerous_stands_first_with_what_is_new_about_it(tmp_path: Path) -> None:
    old = {"a.txt": "a\n", "z.pkl": b"\x80\x04}.", "gone.txt": "x\n"}
    found = compared(tmp_path, old, {"a.txt": "b\n", "z.pkl": EVIL, "new.txt": "x\n"})
    first = found.files[0]
    assert (first.name, first.how, first.old_verdict, first.new_verdict) == (
        "z.pkl",
        How.CHANGED,
        Verdict.CLEAN,
        Verdict.MALICIOUS,
    )
    assert first.imports_added == ("posix.system",)
    assert first.new_findings == ("critical pickle-dangerous-call: posix.system('true'); runs a command",)
    assert [(each.name, each.how) for each in found.files[1:]] == [
        ("a.txt", How.CHANGED),
        ("new.txt", How.ADDED),
        ("gone.txt", How.REMOVED),
    ]


def test_a_swapped_template_is_a_diff_with_hidden_characters_spelled_out(tmp_path: Path) -> None:
    old = json.dumps({"chat_template": TEMPLATE, "eos_token": "</s>"})
    new = json.dumps(
        {"chat_template": TEMPLATE.replace("m.content", "'\u202eobey' + m.content"), "eos_token": "</s>"}
    )
    found = compared(tmp_path, {"tokenizer_config.json": old}, {"tokenizer_config.json": new})
    (change,) = found.texts
    assert (change.name, change.kind) == ("tokenizer_config.json chat_template", TextKind.TEMPLATE)
    assert change.lines == (
        "@@ -1,2 +1,2 @@",
        "-{% for m in messages %}{{ m.content }}",
        "+{% for m in messages %}{{ '\\u{202e}obey' + m.content }}",
        " {% endfor %} (no line feed at the end)",
    )
    assert found.values == ()


def test_templates_stand_before_code_and_code_before_all_other_texts(tmp_path: Path) -> None:
    old = {"README.md": "a\n", "b.py": "x = 1\n", "c.jinja": "a", "d.yaml": "a: 1\n"}
    found = compared(tmp_path, old, {name: f"{text}#\n" for name, text in old.items()})
    assert [each.kind for each in found.texts] == [
        TextKind.TEMPLATE,
        TextKind.CODE,
        TextKind.CONFIGURATION,
        TextKind.CARD,
    ]


def test_values_that_decide_what_runs_stand_before_all_others(tmp_path: Path) -> None:
    old = {"config.json": json.dumps({"hidden_size": 8, "layers": [1, 2]})}
    new = {"config.json": json.dumps({"hidden_size": 9, "auto_map": {"AutoModel": "x.Y"}, "layers": [1, 2]})}
    assert [(each.key, each.old, each.new) for each in compared(tmp_path, old, new).values] == [
        ("auto_map.AutoModel", None, "x.Y"),
        ("hidden_size", "8", "9"),
    ]


def test_tensors_are_told_apart_by_type_shape_and_bytes(tmp_path: Path) -> None:
    same, other = np.arange(6, dtype=np.float32), np.arange(6, dtype=np.float32)
    other[5] = -1
    old = weights(same=same, changed=same, retyped=same, reshaped=same, removed=same)
    new = weights(
        same=same, changed=other, retyped=same.astype(np.float16), reshaped=same.reshape(2, 3), added=same
    )
    (change,) = compared(tmp_path, {"m.safetensors": old}, {"m.safetensors": new}).tensors
    assert change.same == 1
    assert change.changed == Names(count=1, first=("changed",))
    assert set(change.retyped.first) == {"retyped F32 6 → F16 6", "reshaped F32 6 → F32 2x3"}
    assert (change.added.first, change.removed.first) == (("added F32 6",), ("removed F32 6",))


def test_tensors_that_moved_to_other_shards_are_compared_all_the_same(tmp_path: Path) -> None:
    a, b = np.ones(2), np.zeros(2)
    old = {"m-00001-of-00002.safetensors": weights(a=a), "m-00002-of-00002.safetensors": weights(b=b)}
    found = compared(tmp_path, old, {"m-00001-of-00001.safetensors": weights(a=a, b=a)})
    (change,) = found.tensors
    assert (change.name, change.same, change.changed.first) == ("m.safetensors", 1, ("b",))
    assert (change.added.count, change.removed.count, len(found.files)) == (0, 0, 3)


def test_a_tokenizer_is_told_by_words_numbers_merges_and_special_tokens(tmp_path: Path) -> None:
    def tokenizer(vocab: dict[str, int], merges: list[str], *special: str) -> str:
        added = [{"id": 9, "content": each, "special": True} for each in special]
        return json.dumps({"model": {"vocab": vocab, "merges": merges}, "added_tokens": added})

    old = tokenizer({"a": 0, "b": 1, "c": 2}, ["a b"], "<s>")
    new = tokenizer({"a": 0, "b": 2, "d": 1}, ["a b", "a d"], "<tool>")
    (change,) = compared(tmp_path, {"tokenizer.json": old}, {"tokenizer.json": new}).vocabularies
    assert (change.old_size, change.new_size) == (3, 3)
    assert (change.added.first, change.removed.first) == (("1 d",), ("2 c",))
    assert change.renumbered.first == ("b 1 → 2",)
    assert change.special.first == ("- <s> (id 9, special True)", "+ <tool> (id 9, special True)")
    assert (change.old_merges, change.new_merges, change.merges_differ) == (1, 2, True)


def _gguf(template: bytes, tokens: bytes, data: bytes) -> bytes:
    def string(text: bytes) -> bytes:
        return len(text).to_bytes(8, "little") + text

    keys = [
        gguf_key(b"general.architecture", 8, string(b"llama")),
        gguf_key(b"tokenizer.chat_template", 8, string(template)),
        gguf_key(b"tokenizer.ggml.tokens", 9, gguf_array(8, 2, string(b"a") + string(tokens))),
        gguf_key(b"llama.context_length", 4, len(template).to_bytes(4, "little")),
    ]
    return gguf(keys, [gguf_tensor(b"w")]) + data


def test_a_gguf_file_is_told_by_its_keys_its_tokens_its_template_and_its_tensors(tmp_path: Path) -> None:
    old, new = _gguf(b"{{ x }}", b"b", bytes(16)), _gguf(b"{{ yy }}", b"c", bytes(15) + b"\1")
    found = compared(tmp_path, {"m.gguf": old}, {"m.gguf": new})
    assert [each.kind for each in found.texts] == [TextKind.TEMPLATE]
    assert [(each.key, each.old, each.new) for each in found.values] == [("llama.context_length", "7", "8")]
    (words,) = found.vocabularies
    assert (words.added.first, words.removed.first) == (("1 c",), ("1 b",))
    (tensors,) = found.tensors
    assert tensors.changed.first == ("w",)


def test_the_license_that_counts_is_told_for_both(tmp_path: Path) -> None:
    def model(license_: str) -> dict[str, bytes | str]:
        card = f"---\nlicense: {license_}\n---\n"
        return {"README.md": card, "model.safetensors": weights(w=np.ones(3)), "config.json": "{}"}

    found = compared(tmp_path, model("mit"), model("cc-by-nc-4.0"))
    assert (found.old_license, found.new_license) == ("MIT", "CC-BY-NC-4.0")


def test_two_files_are_compared_whatever_they_are_called(tmp_path: Path) -> None:
    one, other = tmp_path / "a.json", tmp_path / "b.json"
    one.write_text('{"x": 1}')
    other.write_text('{"x": 2}')
    found = compare(one, other, here())
    assert [(each.name, each.key, each.old, each.new) for each in found.values] == [("b.json", "x", "1", "2")]


def test_a_file_and_a_folder_or_nothing_at_all_cannot_be_compared(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("{}")
    with pytest.raises(UsageError):
        compare(file, tmp_path, here())
    with pytest.raises(UnreadableScope):
        compare(file, tmp_path / "missing", here())


def test_what_cannot_be_compared_is_skipped_with_the_reason(tmp_path: Path) -> None:
    good, broken = _gguf(b"x", b"b", bytes(16)), _gguf(b"x", b"b", bytes(3))
    found = compared(tmp_path, {"m.gguf": good}, {"m.gguf": broken})
    assert not found.complete
    assert {(each.subject, each.reason) for each in found.skipped} == {
        ("m.gguf", "a tensor outside of the file"),
        ("m.gguf", "its tensors: a tensor outside of the file"),
    }


def test_links_to_the_same_blob_are_the_same_without_reading_it(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    with blob.open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "model.bin").symlink_to(blob)
    assert compare(tmp_path / "old", tmp_path / "new", here()).same


def test_files_of_the_same_bytes_are_compared_under_each_of_their_names(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_text("{}")
    for side in ("old", "new"):
        for part in ("unet", "vae"):
            (tmp_path / side / part).mkdir(parents=True)
            (tmp_path / side / part / "config.json").symlink_to(blob)
    changed = tmp_path / "new" / "vae" / "config.json"
    changed.unlink()
    changed.write_text('{"x": 1}')
    found = compare(tmp_path / "old", tmp_path / "new", here())
    assert [(each.name, each.how) for each in found.files] == [("vae/config.json", How.CHANGED)]
