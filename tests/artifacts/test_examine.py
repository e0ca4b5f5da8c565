from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examining import examined
from raw_headers import gguf, gguf_key, safetensors
from real.model_files import SAMPLES, Sample, llamafile_of, sample
from ringfence.artifacts.companions import COMPANIONS
from ringfence.artifacts.examine import KNOWN_SUFFIXES, Examined, identify
from ringfence.artifacts.format import Format
from ringfence.artifacts.formats import FORMATS
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import FactName
from ringfence.core.limits import LIMITS

# What a name alone, or a dear test, has to vouch for.
_NEEDS_ITS_NAME = {"protocol0.pkl", "protocol1.pkl", "far.h5"}
_GOLDEN = Path(__file__).parent.parent / "golden"
_ALL = (*FORMATS, *COMPANIONS)


def test_every_format_in_the_table_has_a_real_sample_or_a_golden_folder() -> None:
    golden = {each.name for each in _GOLDEN.iterdir()}
    assert {each.name for each in FORMATS} - {each.format for each in SAMPLES} <= golden


def test_names_of_formats_are_told_apart() -> None:
    assert len({each.name for each in FORMATS}) == len(FORMATS)


def test_suffixes_are_lowercase_and_known() -> None:
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in KNOWN_SUFFIXES)
    assert {".gguf", ".safetensors", ".pt", ".onnx", ".keras", ".h5", ".npz", ".llamafile"} <= KNOWN_SUFFIXES


@pytest.mark.parametrize("each", SAMPLES, ids=lambda each: each.name)
def test_a_real_file_is_recognised_and_has_no_problem(each: Sample) -> None:
    found = examined(sample(each.name), PurePath(each.name).suffix)
    assert (found.format, found.problems) == (each.format, ())
    assert found.facts


@pytest.mark.parametrize(
    "each", [each for each in SAMPLES if each.name not in _NEEDS_ITS_NAME], ids=lambda each: each.name
)
def test_a_real_file_is_recognised_without_its_name(each: Sample) -> None:
    assert examined(sample(each.name)).format == each.format


def test_a_model_named_like_a_picture_is_found_and_said_to_be_disguised() -> None:
    found = examined(sample("tiny.gguf"), ".jpg")
    assert (found.format, found.problems) == (
        "gguf",
        (Problem(kind=ProblemKind.DISGUISED, at=0, detail="named .jpg, but the bytes are GGUF (llama.cpp)"),),
    )


def test_a_pickle_named_safetensors_is_found_and_said_to_be_disguised() -> None:
    found = examined(sample("protocol4.pkl"), ".safetensors")
    assert (found.format, found.problems) == (
        "pickle",
        (Problem(kind=ProblemKind.DISGUISED, at=0, detail="named .safetensors, but the bytes are pickle"),),
    )


def test_what_is_no_model_at_all_is_disguised_under_a_models_name() -> None:
    assert examined(b"<html>404</html>", ".gguf") == Examined(
        format=None,
        facts={},
        problems=(
            Problem(
                kind=ProblemKind.DISGUISED,
                at=0,
                detail="named .gguf, but the bytes are not GGUF (llama.cpp)",
            ),
        ),
    )


def test_a_git_lfs_pointer_pretends_nothing() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
    assert examined(pointer, ".safetensors") == Examined(format=None, facts={}, problems=())


@pytest.mark.parametrize("data", [b"", b"\0", b"G", b"PK\3\4", b"\x80", b"\x80\x04", b"\x08\x08", b"TFL3"])
def test_a_few_bytes_are_no_model(data: bytes) -> None:
    assert examined(data) == Examined(format=None, facts={}, problems=())


@given(st.binary(max_size=5000))
def test_sniffing_leaves_the_reader_at_the_start(data: bytes) -> None:
    reader = Reader.of_bytes(data)
    identify(reader, suffix=".bin")
    assert reader.offset == 0


def test_facts_are_clipped_and_can_be_written_as_utf_8() -> None:
    header = {"__metadata__": {"modelspec.title": "\ud800" + "x" * 5000, "k" * 5000: "v"}}
    facts = examined(safetensors(header)).facts
    name = facts[FactName.NAME]
    assert name == "?" + "x" * (LIMITS.metadata_value_chars - 2) + "…"
    assert facts[FactName.METADATA] == ("k" * (LIMITS.name_chars - 1) + "…",)


def test_problems_are_listed_up_to_their_limit() -> None:
    keys = [gguf_key(b"same", 0, b"\0")] * 1000
    assert len(examined(gguf(keys)).problems) == LIMITS.evidence_items


def test_a_problem_in_a_file_within_a_file_is_placed_in_the_outer_one() -> None:
    inner = gguf([gguf_key(b"same", 0, b"\0")] * 2)
    outer = llamafile_of(inner)
    assert examined(outer).problems == (
        Problem(
            kind=ProblemKind.DUPLICATE_KEY,
            at=outer.index(inner) + 24 + len(gguf_key(b"same", 0, b"\0")),
            detail="key same stands twice",
        ),
    )


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" ", b"\r\n", b"\t\v", b"\0", b"#!"])
def test_no_format_says_yes_to_what_begins_otherwise_than_it_declares(before: bytes) -> None:
    for path in sorted(path for path in _GOLDEN.rglob("*") if path.is_file()):
        data = before + path.read_bytes()
        suffix, name = path.suffix.lower(), path.name.lower()
        found = identify(Reader.of_bytes(data), suffix=suffix, name=name, among=_ALL)
        assert found is _first_that_says_yes(data, suffix, name), path


def _first_that_says_yes(data: bytes, suffix: str, name: str) -> Format | None:
    """What all tests of all formats say, in the order of the table."""
    for each in _ALL:
        named = each.sniff_named if suffix in each.suffixes or name in each.names else None
        for test in (each.sniff, named):
            try:
                if test is not None and test(Reader.of_bytes(data)):
                    return each
            except Malformed:
                pass
    return None


@pytest.mark.parametrize("name", ["", "x", "chat_template", "requirements.txt"])
def test_an_unknown_suffix_is_no_hint_and_neither_is_an_unknown_name(name: str) -> None:
    text = Reader.of_bytes(b"torch==2.9\n")
    found = identify(text, suffix=".unheard-of", name=name, among=_ALL)
    assert (found and found.name) == {
        "requirements.txt": "python-requirements",
        "chat_template": "jinja",
    }.get(name)
