"""Writes the GGUF files of the demo with the `gguf` library: whole ones, shards, and headers without data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

__all__ = ["write_all"]

RANDOM = np.random.default_rng(0)

CHAT_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
SIX_TOKENS = ["<unk>", "<s>", "</s>", "▁the", "he", "th"]
ALL_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Llama:
    """A model in the shape of Llama. The vocabulary is a number, or the tokens themselves."""

    name: str
    license: str | None = None
    base_model: str | None = None
    file_type: gguf.LlamaFileType = gguf.LlamaFileType.MOSTLY_Q8_0
    embedding: int = 32
    layers: int = 1
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 64
    context: int = 512
    vocabulary: int = len(SIX_TOKENS)
    tokens: tuple[str, ...] = tuple(SIX_TOKENS)

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Every tensor of the architecture."""
        e, f, kv = self.embedding, self.feed_forward, self.embedding * self.kv_heads // self.heads
        yield "token_embd.weight", (self.vocabulary, e)
        for i in range(self.layers):
            yield f"blk.{i}.attn_norm.weight", (e,)
            yield f"blk.{i}.attn_q.weight", (e, e)
            yield f"blk.{i}.attn_k.weight", (kv, e)
            yield f"blk.{i}.attn_v.weight", (kv, e)
            yield f"blk.{i}.attn_output.weight", (e, e)
            yield f"blk.{i}.ffn_norm.weight", (e,)
            yield f"blk.{i}.ffn_gate.weight", (f, e)
            yield f"blk.{i}.ffn_up.weight", (f, e)
            yield f"blk.{i}.ffn_down.weight", (e, f)
        yield "output_norm.weight", (e,)
        yield "output.weight", (self.vocabulary, e)


def write_all(folder: Path) -> None:
    """Every GGUF file of the demo, into `folder`."""
    whole_files(folder)
    shards(folder)
    heads(folder)


def whole_files(folder: Path) -> None:
    """Whole GGUF files. tiny-chat is complete enough for llama.cpp to load and run."""
    q4, f16 = gguf.LlamaFileType.MOSTLY_Q4_0, gguf.LlamaFileType.MOSTLY_F16
    tokens = ("<unk>", "<s>", "</s>", *ALL_BYTES, "▁", *map(chr, range(32, 127)), "▁the", "he", "th")
    write(
        folder / "tiny-chat-F16.gguf",
        Llama(name="Tiny Chat", license="mit", file_type=f16, tokens=tokens, vocabulary=len(tokens)),
    )
    write(folder / "tiny-instruct-Q8_0.gguf", Llama(name="Tiny Instruct", license="apache-2.0"))
    write(folder / "tiny-story-Q4_0.gguf", Llama(name="Tiny Story", license="mit", file_type=q4))
    write(folder / "tiny-desk-Q8_0.gguf", Llama(name="Tiny Desk", license="apache-2.0", context=2048))
    write(
        folder / "tiny-cache-Q4_0.gguf",
        Llama(name="Tiny Cache", license="mit", file_type=q4, layers=2),
    )
    write(folder / "tiny-container-Q4_0.gguf", Llama(name="Tiny Container", license="gemma", file_type=q4))
    write(folder / "tiny-lama-Q4_0.gguf", Llama(name="Tiny Lama", license="mit", file_type=q4, context=1024))
    write(folder / "tiny-served-Q8_0.gguf", Llama(name="Tiny Served", license="apache-2.0", layers=2))
    write(folder / "tiny-single-Q8_0.gguf", Llama(name="Tiny Single", license="mit", context=4096))
    write(
        folder / "relabelled-Q4_0.gguf",
        Llama(
            name="Helpful 8B",
            license="apache-2.0",
            base_model="https://huggingface.co/meta-llama/Llama-3.1-8B",
            file_type=q4,
        ),
    )


def shards(folder: Path) -> None:
    """One model in two files, split by the library itself."""
    model = Llama(name="Big", license="apache-2.0")
    writer = open_writer(folder / "big.gguf", model, split_max_tensors=6)
    for name, shape in model.shapes():
        add_random(writer, name, shape, model.file_type)
    finish(writer)


def heads(folder: Path) -> None:
    """Headers whose tensors are left out: the demo puts a hole where the data would be."""
    f16 = gguf.LlamaFileType.MOSTLY_F16
    write_head(
        folder / "disguised-F16.gguf.head",
        Llama(name="Holiday", file_type=f16, embedding=256, feed_forward=512, vocabulary=4096),
    )
    write_head(
        folder / "large-F16.gguf.head",
        Llama(
            name="Large 1.1B",
            file_type=f16,
            embedding=2048,
            layers=22,
            heads=32,
            kv_heads=4,
            feed_forward=5632,
            context=2048,
            vocabulary=32000,
        ),
    )


def write(path: Path, model: Llama) -> None:
    writer = open_writer(path, model)
    for tensor, shape in model.shapes():
        add_random(writer, tensor, shape, model.file_type)
    finish(writer)


def write_head(path: Path, model: Llama) -> None:
    writer = open_writer(path, model)
    data = 0
    for tensor, shape in model.shapes():
        kind: type[np.float16 | np.float32] = np.float32 if len(shape) == 1 else np.float16
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        writer.add_tensor_info(tensor, shape, np.dtype(kind), size)
        data += size
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    head = gguf.GGUFWriter.ggml_pad(path.stat().st_size, 32)
    print(f"{path.name}: with its data it has {head + data} bytes")


def open_writer(path: Path, model: Llama, *, split_max_tensors: int = 0) -> gguf.GGUFWriter:
    """A writer that knows everything about the model but its tensors."""
    writer = gguf.GGUFWriter(path, "llama", split_max_tensors=split_max_tensors)
    writer.add_name(model.name)
    if model.license:
        writer.add_license(model.license)
    if model.base_model:
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, model.base_model.rsplit("/", 1)[-1])
        writer.add_base_model_repo_url(0, model.base_model)
    writer.add_file_type(model.file_type)
    writer.add_context_length(model.context)
    writer.add_embedding_length(model.embedding)
    writer.add_block_count(model.layers)
    writer.add_feed_forward_length(model.feed_forward)
    writer.add_head_count(model.heads)
    writer.add_head_count_kv(model.kv_heads)
    writer.add_rope_dimension_count(model.embedding // model.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(model.vocabulary)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(model.tokens)
    writer.add_token_scores([-float(i) for i in range(len(model.tokens))])
    writer.add_token_types([token_type(piece) for piece in model.tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(CHAT_TEMPLATE)
    return writer


def token_type(piece: str) -> gguf.TokenType:
    if piece == "<unk>":
        return gguf.TokenType.UNKNOWN
    if piece in ("<s>", "</s>"):
        return gguf.TokenType.CONTROL
    return gguf.TokenType.BYTE if piece in ALL_BYTES else gguf.TokenType.NORMAL


def add_random(
    writer: gguf.GGUFWriter, name: str, shape: tuple[int, ...], file_type: gguf.LlamaFileType
) -> None:
    """Small random weights in the file's type; norms stay F32, as quantizers leave them."""
    values = (RANDOM.standard_normal(shape) * 0.05).astype(np.float32)
    if len(shape) == 1:
        writer.add_tensor(name, np.ones(shape, np.float32))
    elif file_type == gguf.LlamaFileType.MOSTLY_F16:
        writer.add_tensor(name, values.astype(np.float16))
    else:
        q8 = file_type == gguf.LlamaFileType.MOSTLY_Q8_0
        kind = gguf.GGMLQuantizationType.Q8_0 if q8 else gguf.GGMLQuantizationType.Q4_0
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
