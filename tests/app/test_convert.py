import os
from pathlib import Path

import pytest
import safetensors

from checkpoints import checkpoint, tensor, text, whole
from ringfence.app.convert import Refused, convert
from ringfence.core.errors import UnreadableScope, UsageError
from ringfence.core.verdicts import Verdict

PLAIN = {"w": tensor((2, 3), (3, 1)), "tied": tensor((2, 3), (3, 1)), "epoch": b"I3\n"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    path.write_bytes(checkpoint(PLAIN))
    return path


def left_behind(folder: Path) -> set[str]:
    return set(os.listdir(folder)) - {"model.pt"}


def test_a_clean_checkpoint_becomes_a_file_that_the_real_library_opens(source: Path) -> None:
    target = source.with_name("model.safetensors")
    done = convert(source, target, key=None, force=False)
    read = {
        name: (each["dtype"], each["shape"], each["data"])
        for name, each in safetensors.deserialize(target.read_bytes())
    }
    assert read == {"w": ("F32", [2, 3], bytes(range(24))), "tied": ("F32", [2, 3], bytes(range(24)))}
    assert (done.verdict, done.tensors, done.shared) == (Verdict.CLEAN, 2, (("tied", "w"),))
    assert (done.left_out, done.left_out_count) == (("epoch",), 1)
    assert left_behind(source.parent) == {"model.safetensors"}


def test_the_same_checkpoint_becomes_the_same_bytes(source: Path) -> None:
    one, two = (source.with_name(f"{number}.safetensors") for number in (1, 2))
    digests = {convert(source, target, key=None, force=False).sha256 for target in (one, two)}
    assert len(digests) == 1
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("suffix", [".bin", ".pth", ".ckpt"])
def test_the_name_of_a_checkpoint_does_not_matter(source: Path, suffix: str) -> None:
    renamed = source.rename(source.with_suffix(suffix))
    assert convert(renamed, renamed.with_name("out"), key=None, force=False).tensors == 2


def test_what_exists_is_replaced_only_when_asked_for(source: Path) -> None:
    target = source.with_name("out")
    target.write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        convert(source, target, key=None, force=False)
    assert target.read_bytes() == b"mine"
    convert(source, target, key=None, force=True)
    assert target.read_bytes()[8:9] == b"{"


def test_a_link_that_leads_nowhere_counts_as_a_file_that_exists(source: Path) -> None:
    target = source.with_name("out")
    target.symlink_to(source.with_name("elsewhere"))
    with pytest.raises(UsageError, match="is there already"):
        convert(source, target, key=None, force=False)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (whole(b"\x80\x02cposix\nsystem\n(S'true'\ntR."), "its verdict is malicious"),
        (whole(b"\x80\x02}" + text("w") + b"cacme.models\nNet\n)\x81s."), "its verdict is unknown"),
        (checkpoint({"w": b"I3\n"}), "no tensors in its dictionaries, only w"),
        (b"\x80\x02}.", "no checkpoint of PyTorch but pickle"),
        (checkpoint({"w": tensor((2,), (1,)).replace(b"tensor_v2", b"sparse_tensor")}), "it is sparse"),
    ],
)
def test_what_is_not_plain_weights_is_refused_with_the_reason(tmp_path: Path, data: bytes, why: str) -> None:
    source = tmp_path / "model.pt"
    source.write_bytes(data)
    with pytest.raises(Refused, match=why) as refused:
        convert(source, tmp_path / "out", key=None, force=False)
    assert refused.value.code == 1
    assert left_behind(tmp_path) == set()


def test_a_key_that_is_not_there_is_a_mistake_of_the_caller(source: Path) -> None:
    with pytest.raises(UsageError, match="has no key 'model'"):
        convert(source, source.with_name("out"), key="model", force=False)


def test_what_cannot_be_read_or_written_is_told(source: Path) -> None:
    with pytest.raises(UnreadableScope):
        convert(source.parent / "missing.pt", source.with_name("out"), key=None, force=False)
    with pytest.raises(UsageError, match="no such file"):
        convert(source, source.parent / "nowhere" / "out", key=None, force=False)
