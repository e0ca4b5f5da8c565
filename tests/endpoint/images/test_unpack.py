"""What is taken out of container images, and what is said about them."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from archiving import tar_with
from imaging import WEIGHTS, as_tar, layer, oci_layout, saved_image, taken
from ringfence.endpoint.images import Image, unpacked

OTHER = b"GGUF\x02\0\0\0" + bytes(16)


def names(folder: Path) -> list[str]:
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if not each.is_dir())


def checks(image: Image) -> list[str]:
    return sorted(each.check for each in image.findings)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def file(name: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


LAYERS = (
    layer(("models/a.gguf", WEIGHTS), ("models/config.json", b"{}"), ("bin/sh", b"#!"), ("app/run.py", b"x")),
    layer(("models/b.gguf", OTHER)),
)


@pytest.mark.parametrize("compressed", [True, False])
def test_models_and_what_lies_beside_them_are_taken_out_of_a_layout(tmp_path: Path, compressed: bool) -> None:
    image = taken(oci_layout(tmp_path / "image", *LAYERS, compressed=compressed), tmp_path)
    assert names(image.files) == ["app/run.py", "models/a.gguf", "models/b.gguf", "models/config.json"]
    assert (image.files / "models/a.gguf").read_bytes() == WEIGHTS
    assert (names(image.deleted), image.findings, image.skipped) == ([], (), ())


@pytest.mark.parametrize("compressed", [True, False])
def test_an_archive_of_docker_save_is_read_as_a_layout_is(tmp_path: Path, compressed: bool) -> None:
    path = saved_image(tmp_path / "image.tar.gz", *LAYERS, compressed=compressed)
    image = taken(path, tmp_path)
    assert names(image.files) == ["app/run.py", "models/a.gguf", "models/b.gguf", "models/config.json"]
    assert (image.findings, image.skipped) == ((), ())


def test_a_layout_in_a_tar_file_is_read_as_the_folder_is(tmp_path: Path) -> None:
    image = taken(as_tar(oci_layout(tmp_path / "image", *LAYERS), tmp_path / "image.tar"), tmp_path)
    assert len(names(image.files)) == 4


@pytest.mark.parametrize(
    "second",
    [
        layer(("models/.wh.a.gguf", b"")),
        layer((".wh.models", b"")),
        layer(("models/.wh..wh..opq", b"")),
        layer((".wh..wh..opq", b"")),
        layer(("models", b"a file now")),
    ],
    ids=["the file", "its folder", "what the folder held", "everything", "a file in its place"],
)
def test_a_model_that_a_later_layer_takes_away_is_deleted_and_still_found(
    tmp_path: Path, second: bytes
) -> None:
    first = layer(("models/a.gguf", WEIGHTS))
    image = taken(oci_layout(tmp_path / "image", first, second), tmp_path)
    assert [each for each in names(image.files) if each.endswith(".gguf")] == []
    assert names(image.deleted) == ["layer-1/models/a.gguf"]


def test_a_model_that_is_replaced_is_deleted_and_a_copy_of_what_stays_is_not(tmp_path: Path) -> None:
    layers = (layer(("a.gguf", WEIGHTS)), layer(("a.gguf", OTHER)), layer(("a.gguf", OTHER)))
    image = taken(oci_layout(tmp_path / "image", *layers), tmp_path)
    assert (image.files / "a.gguf").read_bytes() == OTHER
    assert names(image.deleted) == ["layer-1/a.gguf"]


def test_whiteouts_take_nothing_away_from_their_own_layer(tmp_path: Path) -> None:
    both = layer(("models/a.gguf", WEIGHTS), ("models/.wh..wh..opq", b""), ("models/.wh.a.gguf", b""))
    image = taken(oci_layout(tmp_path / "image", both), tmp_path)
    assert (names(image.files), names(image.deleted)) == (["models/a.gguf"], [])


def test_links_lead_to_what_was_taken_out_and_nowhere_else(tmp_path: Path) -> None:
    made = tar_with(
        file("blobs/abc", WEIGHTS * 4000),
        link("snapshots/model.gguf", "../blobs/abc"),
        link("hard.gguf", "blobs/abc", tarfile.LNKTYPE),
        link("out.gguf", "../../../../../etc/passwd"),
        link("absolute.gguf", "/etc/passwd"),
        link("self.gguf", "self.gguf"),
    )
    image = taken(oci_layout(tmp_path / "image", made), tmp_path)
    assert names(image.files) == ["blobs/abc", "hard.gguf", "snapshots/model.gguf"]
    assert os.readlink(image.files / "snapshots/model.gguf") == "../blobs/abc"
    assert (image.files / "hard.gguf").read_bytes() == WEIGHTS * 4000


def test_a_blob_that_is_not_what_its_manifest_names_is_a_finding_and_is_read_all_the_same(
    tmp_path: Path,
) -> None:
    folder = oci_layout(tmp_path / "image", layer(("a.gguf", WEIGHTS)), compressed=False)
    blob = max((folder / "blobs/sha256").iterdir(), key=lambda each: each.stat().st_size)
    blob.write_bytes(layer(("a.gguf", OTHER)))
    image = taken(folder, tmp_path)
    assert checks(image) == ["image-digest-mismatch", "image-digest-mismatch"]  # compressed, and inflated
    assert (image.files / "a.gguf").read_bytes() == OTHER


def test_a_blob_that_is_missing_leaves_the_image_not_wholly_examined(tmp_path: Path) -> None:
    folder = oci_layout(tmp_path / "image", *LAYERS)
    blob = next(each for each in (folder / "blobs/sha256").iterdir() if each.read_bytes()[:2] == b"\x1f\x8b")
    blob.unlink()
    assert [each.reason for each in taken(folder, tmp_path).skipped] == ["a blob that is not there"]


def test_a_layer_that_is_no_tar_file_is_a_file_itself(tmp_path: Path) -> None:
    image = taken(oci_layout(tmp_path / "image", WEIGHTS, compressed=False), tmp_path)
    (name,) = names(image.files)
    assert name.startswith("sha256-")


def test_the_configuration_is_kept_for_what_it_names(tmp_path: Path) -> None:
    image = taken(oci_layout(tmp_path / "image", *LAYERS, env=("MODEL_ID=acme/chat",)), tmp_path)
    assert (image.configurations / "image-configuration.env").read_text() == "MODEL_ID=acme/chat\n"


def test_what_is_no_image_is_none(tmp_path: Path) -> None:
    plain = tmp_path / "a.tar"
    plain.write_bytes(layer(("a.gguf", WEIGHTS)))
    manifest = tmp_path / "b.tar"
    manifest.write_bytes(layer(("manifest.json", b"{}")))
    gguf = tmp_path / "c.gguf"
    gguf.write_bytes(WEIGHTS)
    out = tmp_path / "out"
    out.mkdir()
    for path in (plain, manifest, gguf, tmp_path, tmp_path / "missing"):
        assert unpacked(path, out) is None
    assert list(out.iterdir()) == []


def test_an_archive_with_both_manifests_shows_the_image_once(tmp_path: Path) -> None:
    folder = oci_layout(tmp_path / "image", *LAYERS, compressed=False)
    blobs = sorted((folder / "blobs/sha256").iterdir(), key=lambda each: each.stat().st_size)
    config = next(each for each in blobs if b"diff_ids" in each.read_bytes())
    tars = [each for each in blobs if each.read_bytes()[257:262] == b"ustar"]
    order = [next(e for e in tars if e.read_bytes() == each) for each in LAYERS]
    names_of = [f"blobs/sha256/{each.name}" for each in order]
    text = f'[{{"Config": "blobs/sha256/{config.name}", "Layers": {names_of!r}}}]'.replace("'", '"')
    (folder / "manifest.json").write_text(text)
    assert len(names(taken(folder, tmp_path).files)) == 4


def test_an_empty_archive_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "empty.tar"
    with tarfile.open(fileobj=(data := io.BytesIO()), mode="w"):
        pass
    path.write_bytes(data.getvalue())
    assert unpacked(path, tmp_path) is None
