from pathlib import Path
from types import MappingProxyType

from ringfence.app.scan.grouping import group
from ringfence.app.scan.seen import SeenFile
from ringfence.artifacts.examine import Examined
from ringfence.core.facts import FactName
from ringfence.endpoint.found import FoundFile


def seen(path: str, kind: str = "gguf", **facts: str) -> SeenFile:
    found = FoundFile(path=Path(path), device=1, inode=hash(path), size_bytes=1, mtime_ns=0, ctime_ns=0)
    named = MappingProxyType({FactName(name): value for name, value in facts.items()})
    return SeenFile(found=found, examined=Examined(format=kind, facts=named, problems=()))


def groups(*files: SeenFile, folders: tuple[str, ...] = ()) -> dict[str, list[str]]:
    made = group(files, is_model_folder=lambda folder: str(folder) in folders)
    return {each.name: [file.found.path.name for file in each.files] for each in made}


def test_the_shards_of_one_set_are_one_model_in_order() -> None:
    assert groups(seen("/m/big-00002-of-00002.gguf"), seen("/m/big-00001-of-00002.gguf")) == {
        "big.gguf": ["big-00001-of-00002.gguf", "big-00002-of-00002.gguf"]
    }


def test_sets_of_the_same_name_in_two_folders_or_of_two_counts_stay_apart() -> None:
    files = (
        seen("/m/big-00001-of-00002.gguf"),
        seen("/n/big-00002-of-00002.gguf"),
        seen("/m/big-00001-of-00003.gguf"),
    )
    made = list(group(files, is_model_folder=lambda _folder: False))
    assert [str(each.location) for each in made] == [
        "/m/big-00001-of-00002.gguf",
        "/m/big-00001-of-00003.gguf",
        "/n/big-00002-of-00002.gguf",
    ]


def test_weights_in_a_folder_that_describes_a_model_belong_together_but_a_gguf_there_stands_alone() -> None:
    made = groups(
        seen("/m/tiny/a.safetensors", "safetensors"),
        seen("/m/tiny/b.safetensors", "safetensors"),
        seen("/m/tiny/tiny.gguf"),
        folders=("/m/tiny",),
    )
    assert made == {"tiny": ["a.safetensors", "b.safetensors"], "tiny.gguf": ["tiny.gguf"]}


def test_a_file_named_by_its_digest_gets_the_name_that_its_header_states() -> None:
    assert groups(seen("/blobs/sha256-" + "a" * 64, name="Tiny Llama")) == {
        "Tiny Llama": ["sha256-" + "a" * 64]
    }
