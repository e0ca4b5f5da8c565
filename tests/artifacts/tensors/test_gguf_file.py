import gc
import tempfile
from pathlib import Path

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.judging import judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.gguf_file import gguf_content

_KINDS = [GGMLQuantizationType[name] for name in ("F32", "F16", "Q4_0", "Q8_0", "Q4_K", "Q6_K", "IQ4_NL")]
_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=20)
_TENSORS = st.lists(
    st.tuples(_NAMES, st.sampled_from(_KINDS), st.integers(1, 3), st.integers(1, 3)),
    max_size=4,
    unique_by=lambda each: each[0],
)


def _read_by_the_library(path: Path) -> tuple[list[object], dict[str, object]]:
    read = gguf.GGUFReader(path)
    tensors: list[object] = [
        (each.name, each.tensor_type.name, each.shape.tolist(), each.data_offset, int(each.n_bytes))
        for each in read.tensors
    ]
    texts = {key: field.contents() for key, field in read.fields.items() if key.startswith("acme.")}
    del read
    gc.collect()  # it holds the file, and itself
    return tensors, texts


@settings(deadline=None, max_examples=15)
@given(_TENSORS, st.dictionaries(_NAMES.map("acme.{}".format), st.text(max_size=20), max_size=3))
def test_whatever_the_library_writes_is_read_as_the_library_reads_it(
    tensors: list[tuple[str, GGMLQuantizationType, int, int]], texts: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        for key, text in texts.items():
            writer.add_string(key, text)
        for name, kind, rows, blocks in tensors:
            _, block_bytes = GGML_QUANT_SIZES[kind]
            writer.add_tensor(name, np.zeros((rows, blocks * block_bytes), np.uint8), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        ours = gguf_content(Reader.of_bytes(path.read_bytes(), budget=judging_budget()))
        assert (
            [
                (each.name, each.dtype, list(each.shape), each.offset, each.size_bytes)
                for each in ours.tensors
            ],
            {key: text for key, text in ours.keys.items() if key.startswith("acme.")},
        ) == _read_by_the_library(path)
