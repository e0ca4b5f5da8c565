"""Images, locks and texts that are made to be unpacked elsewhere, to hide a model, or to be read for ever."""

import gzip
import io
import json
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiving import tar_of, tar_with
from imaging import WEIGHTS, layer, oci_layout, saved_image, taken
from ringfence.app.references import find_references
from ringfence.app.references.lines import in_lines
from ringfence.core.limits import LIMITS
from ringfence.core.locks import BadLock, parse_lock, written
from ringfence.endpoint.images import unpacked


def below(folder: Path) -> list[str]:
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if not each.is_dir())


def member(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, target
    return info, data


@pytest.mark.parametrize(
    "name", ["../../evil.gguf", "/../evil.gguf", "a/../../../evil.gguf", "..\\..\\evil.gguf"]
)
def test_a_name_that_leads_out_of_the_image_stays_within_and_is_told(tmp_path: Path, name: str) -> None:
    image = taken(oci_layout(tmp_path / "image", layer((name, WEIGHTS))), tmp_path)
    assert [each.check for each in image.findings] == ["image-odd-layer"]
    assert [each.rpartition("/")[2] for each in below(tmp_path / "out") if each.endswith(".gguf")] == [
        "evil.gguf"
    ]
    assert not list(tmp_path.parent.glob("evil.gguf"))


def test_a_link_for_a_folder_takes_nothing_out_of_the_image(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    first = tar_with(member("models", kind=tarfile.SYMTYPE, target=str(victim)))
    second = layer(("models/a.gguf", WEIGHTS))
    both = tar_with(member("opt", kind=tarfile.SYMTYPE, target=str(victim)), member("opt/b.gguf", WEIGHTS))
    image = taken(oci_layout(tmp_path / "image", first, second, both), tmp_path)
    assert list(victim.iterdir()) == []
    assert below(image.files) == ["models/a.gguf", "opt/b.gguf"]


def test_a_hard_link_reads_nothing_of_this_machine(tmp_path: Path) -> None:
    made = tar_with(member("a.gguf", kind=tarfile.LNKTYPE, target="/etc/passwd"))
    image = taken(oci_layout(tmp_path / "image", made), tmp_path)
    assert below(image.files) == []
    assert [each.check for each in image.findings] == ["image-odd-layer"]


def test_a_blob_that_is_a_link_out_of_the_layout_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(layer(("secret.gguf", WEIGHTS)))
    folder = oci_layout(tmp_path / "image", secret.read_bytes(), compressed=False)
    for blob in (folder / "blobs/sha256").iterdir():
        if blob.read_bytes() == secret.read_bytes():
            blob.unlink()
            blob.symlink_to(secret)
    image = taken(folder, tmp_path)
    assert below(image.files) == []
    assert [each.reason for each in image.skipped] == ["a blob that is not there"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "blobs/../../secret"])
def test_a_manifest_cannot_name_a_layer_outside(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(layer(("secret.gguf", WEIGHTS)))
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps([{"Config": name, "Layers": [name]}]))
    image = taken(folder, tmp_path)
    assert below(image.files) == []
    assert [each.reason for each in image.skipped] == ["a layer that is not there"]


def test_a_model_that_a_second_member_of_the_same_name_hides_is_found(tmp_path: Path) -> None:
    other = WEIGHTS.replace(b"\x03", b"\x02")
    image = taken(oci_layout(tmp_path / "image", layer(("a.gguf", WEIGHTS), ("a.gguf", other))), tmp_path)
    assert (image.files / "a.gguf").read_bytes() == other
    assert below(image.deleted) == ["layer-1/a.gguf"]


def test_a_manifest_for_one_loader_and_an_index_for_another_both_count(tmp_path: Path) -> None:
    folder = oci_layout(tmp_path / "image", layer(("a.gguf", WEIGHTS)))
    hidden = layer(("hidden.gguf", WEIGHTS))
    (folder / "hidden.tar").write_bytes(hidden)
    (folder / "manifest.json").write_text('[{"Config": "c.json", "Layers": ["hidden.tar"]}]')
    assert below(taken(folder, tmp_path).files) == ["image-1/a.gguf", "image-2/hidden.gguf"]


def test_indexes_that_lead_to_themselves_come_to_an_end(tmp_path: Path) -> None:
    folder = oci_layout(tmp_path / "image", layer(("a.gguf", WEIGHTS)))
    index = json.loads((folder / "index.json").read_text())
    index["manifests"] *= 10_000
    (folder / "index.json").write_text(json.dumps(index))
    image = taken(folder, tmp_path)
    assert [each.reason for each in image.skipped] == ["too many images"]
    assert below(image.files) == ["a.gguf"]


def test_a_layer_that_is_cut_short_leaves_the_image_not_wholly_examined(tmp_path: Path) -> None:
    whole = layer(("a.gguf", WEIGHTS), ("b.gguf", bytes(100_000)))
    image = taken(saved_image(tmp_path / "image.tar", whole[:1500]), tmp_path)
    assert image.skipped or image.findings
    assert "a.gguf" in below(image.files)


def test_an_archive_that_is_cut_short_is_no_empty_image(tmp_path: Path) -> None:
    path = saved_image(tmp_path / "image.tar.gz", layer(("a.gguf", WEIGHTS)), compressed=True)
    path.write_bytes(path.read_bytes()[:-30])
    assert [each.kind for each in taken(path, tmp_path).skipped] == ["image"]


def test_ten_thousand_whiteouts_over_ten_thousand_files_take_seconds(tmp_path: Path) -> None:
    first = layer(*((f"d{i % 100}/f{i}", b"x") for i in range(10_000)), ("a.gguf", WEIGHTS))
    second = layer(*((f"d{i % 100}/.wh.f{i}", b"") for i in range(10_000)))
    path = oci_layout(tmp_path / "image", first, second, compressed=False)
    start = time.process_time()
    assert below(taken(path, tmp_path).files) == ["a.gguf"]
    assert time.process_time() - start < 60


def test_a_bomb_of_zeros_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = type(LIMITS)(image_bytes=1 << 20)
    for name in ("blobs", "unpack"):
        monkeypatch.setattr(f"ringfence.endpoint.images.{name}.LIMITS", small)
    bomb = gzip.compress(layer(("a.gguf", WEIGHTS))[:1024] + bytes(64 << 20))
    folder = oci_layout(tmp_path / "image", bomb, compressed=False)
    assert [each.kind for each in taken(folder, tmp_path).skipped] == ["image"]


def test_manifests_that_are_deep_wide_or_nonsense_are_no_crash(tmp_path: Path) -> None:
    for number, text in enumerate(
        ("[" * 100_000, "{}", "[]", "null", '{"manifests": [1, {"digest": 7}]}', "\0")
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "oci-layout").touch()
        (folder / "index.json").write_text(text)
        out = tmp_path / f"out-{number}"
        out.mkdir()
        image = unpacked(folder, out)
        assert image is not None
        assert image.skipped, text[:20]


@given(data=st.binary(max_size=3000))
@settings(max_examples=60)
def test_no_bytes_of_a_layer_are_a_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    tmp_path = tmp_path_factory.mktemp("image")
    start = tar_of(("a.gguf", WEIGHTS))[:1024]
    image = taken(oci_layout(tmp_path / "image", start + data), tmp_path)
    assert "a.gguf" in below(image.files)


@given(text=st.text(max_size=300))
def test_a_lock_is_read_or_refused_and_nothing_else(text: str) -> None:
    for data in (
        text.encode("utf-8", "surrogatepass"),
        json.dumps({"schema": text, "models": [text]}).encode(),
    ):
        with pytest.raises(BadLock):
            parse_lock(data)


@given(
    name=st.text(min_size=1, max_size=100),
    path=st.text(min_size=1, max_size=100),
    revision=st.none() | st.text(min_size=1, max_size=50),
)
def test_names_that_would_break_a_line_or_the_document_come_back_as_they_were(
    name: str, path: str, revision: str | None
) -> None:
    file = {"path": path, "sha256": "a" * 64, "size_bytes": 1}
    model = {"name": name, "explanation": "lock", "revision": revision, "at": path, "files": [file]}
    document = {"schema": "ringfence.models.lock/1", "models": [model]}
    lock = parse_lock(json.dumps(document).encode())
    assert parse_lock(written(lock).encode()) == lock
    assert written(lock).isascii()
    assert len(written(lock).splitlines()) == 9


@pytest.mark.parametrize(
    "line",
    [
        "https://" * 100_000,
        "http://a/" * 100_000,
        "model_" * 100_000,
        "model: " + "a" * 500_000,
        "a/" * 300_000,
        "--model " * 100_000,
        "models:/a" * 100_000,
        "huggingface.co/a/" * 60_000,
        "FROM" + " " * 500_000,
        "pipeline('" * 100_000,
        "hf download --" + "a -" * 200_000,
        "-hf " * 200_000,
        "sha256:" * 100_000 + " curl",
    ],
)
def test_no_line_takes_long(line: str) -> None:
    start = time.process_time()
    for _ in range(20):
        list(in_lines(line, is_modelfile=False))
        list(in_lines("\n".join([line[:4000]] * 20), is_modelfile=True))
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "a = " * 50_000 + "1",
        "-" * 100_000 + "1",
        "x." * 50_000 + "y",
        "'" * 99_999,
        "\0",
        "f(" * 90,
    ],
)
def test_python_that_is_made_to_break_parsers_is_read_by_lines(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(f'{text}\nA.from_pretrained("acme/chat")\n')
    found = find_references(tmp_path)
    assert [each.name for each in found.references] in (["acme/chat"], [])


def test_a_model_name_with_control_characters_is_printed_harmlessly(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("ollama pull a\x1b[2Jb\n")
    assert [each.name for each in find_references(tmp_path).references] == []


def test_a_tar_that_claims_to_be_an_image_and_leads_in_circles_is_no_crash(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for info, body in (
            member("oci-layout", b"{}"),
            member("index.json", kind=tarfile.SYMTYPE, target="index.json"),
        ):
            archive.addfile(info, io.BytesIO(body))
    path = tmp_path / "a.tar"
    path.write_bytes(data.getvalue())
    out = tmp_path / "out"
    out.mkdir()
    image = unpacked(path, out)
    assert image is not None
    assert image.skipped
