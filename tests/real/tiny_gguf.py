"""A GGUF of some 300 KB that llama.cpp really loads: random weights, a vocabulary of bytes and ASCII.

Written with the gguf library, so the readers under test never see bytes that ringfence itself made.
"""

from pathlib import Path

import gguf
import numpy as np

__all__ = ["write_tiny_gguf"]

_WIDTH, _BLOCKS, _HEADS, _KEY_VALUE_HEADS = 64, 2, 4, 2
_HIDDEN = 2 * _WIDTH


def write_tiny_gguf(path: Path, *, name: str = "tiny-random", license_id: str = "apache-2.0") -> Path:
    """Writes the model to `path`; returns `path`. The same bytes every time."""
    tokens, types = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_license(license_id)
    writer.add_context_length(512)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_BLOCKS)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KEY_VALUE_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(i) for i in range(len(tokens))])
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    _add_tensors(writer, vocabulary=len(tokens))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[str], list[int]]:
    special = ["<unk>", "<s>", "</s>"]
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    text = ["\N{LOWER ONE EIGHTH BLOCK}", *map(chr, range(32, 127)), "he", "th"]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * len(raw) + [gguf.TokenType.NORMAL] * len(text)
    return special + raw + text, [int(kind) for kind in kinds]


def _add_tensors(writer: gguf.GGUFWriter, *, vocabulary: int) -> None:
    random = np.random.default_rng(0)

    def weights(name: str, *shape: int) -> None:
        writer.add_tensor(name, (random.standard_normal(shape) * 0.05).astype(np.float32))

    def norm(name: str) -> None:
        writer.add_tensor(name, np.ones(_WIDTH, np.float32))

    weights("token_embd.weight", vocabulary, _WIDTH)
    norm("output_norm.weight")
    weights("output.weight", vocabulary, _WIDTH)
    for i in range(_BLOCKS):
        norm(f"blk.{i}.attn_norm.weight")
        norm(f"blk.{i}.ffn_norm.weight")
        weights(f"blk.{i}.attn_q.weight", _WIDTH, _WIDTH)
        for part in ("attn_k", "attn_v"):
            weights(f"blk.{i}.{part}.weight", _WIDTH * _KEY_VALUE_HEADS // _HEADS, _WIDTH)
        weights(f"blk.{i}.attn_output.weight", _WIDTH, _WIDTH)
        for part in ("ffn_gate", "ffn_up"):
            weights(f"blk.{i}.{part}.weight", _HIDDEN, _WIDTH)
        weights(f"blk.{i}.ffn_down.weight", _WIDTH, _HIDDEN)
