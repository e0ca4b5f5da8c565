# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""What PyTorch and transformers save."""
# ruff: noqa: E501, SIM905 - untyped libraries, and tables of values, many to a line

import argparse
import collections
import inspect
import json
from collections.abc import Iterator
from typing import Any

from writing import Folder

__all__ = ["torch_modules", "torch_training", "transformers"]


def _modules() -> Iterator[tuple[str, Any]]:
    import torch

    nn = torch.nn
    given = {
        "Conv": (3, 4, 3),
        "BatchNorm": (4,),
        "Linear": (3, 4),
        "Embedding": (5, 3),
        "LSTM": (3, 4),
        "GRU": (3, 4),
        "RNN": (3, 4),
    }
    for name, cls in sorted(vars(nn).items()):
        if inspect.isclass(cls) and issubclass(cls, nn.Module) and cls is not nn.Module:
            first = next((each for start, each in given.items() if name.startswith(start)), ())
            for arguments in (first, (2,), (4, 4), (3, 4, 5), (8, 2)):
                try:
                    yield name, cls(*arguments)
                except Exception:  # noqa: BLE001 - other arguments then
                    continue
                break
    yield "Encoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)
    yield "Named", nn.Sequential(collections.OrderedDict(c=nn.Conv2d(3, 4, 3), r=nn.ReLU(), f=nn.Flatten()))


def torch_modules(out: Folder) -> None:
    """Every module of torch.nn: whole, its state, before and since the zip format."""
    for number, (name, module) in enumerate(_modules()):
        out.torch(f"{name}.pt", module)
        out.torch(f"{name}.pth", module.state_dict(), _use_new_zipfile_serialization=number % 2 == 0)


def torch_training(out: Folder) -> None:
    """Tensors of every type, optimizers, schedulers, checkpoints of training."""
    import numpy as np
    import torch

    for name in "float32 float64 float16 bfloat16 int8 uint8 int16 int32 int64 bool complex64 float8_e4m3fn uint16".split():
        tensor = torch.zeros(4, 3).to(getattr(torch, name))
        value = {"t": tensor, "dtype": tensor.dtype, "view": tensor[1:], "turned": tensor.t()}
        out.torch(f"{name}.pt", value)
        out.torch(f"{name}.bin", value, _use_new_zipfile_serialization=False)
        out.torch(f"{name}.ckpt", {"state_dict": {"w": tensor}, "epoch": 1}, pickle_protocol=4)
        out.pickle(name, tensor)
    tensor = torch.rand(3, 3)
    values = {"parameter": torch.nn.Parameter(tensor), "sparse": tensor.to_sparse(), "csr": tensor.to_sparse_csr(), "size": tensor.size(), "device": torch.device("cpu"), "meta": torch.empty(3, device="meta"), "quantized": torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8), "empty": torch.empty(0), "rng": torch.get_rng_state(), "numpy": tensor.numpy()}  # fmt: skip
    for name, value in values.items():
        out.torch(f"{name}.pt", value)
        out.torch(f"{name}.pth", value, _use_new_zipfile_serialization=False)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout())
    for name, cls in sorted(vars(torch.optim).items()):
        if (
            inspect.isclass(cls)
            and issubclass(cls, torch.optim.Optimizer)
            and cls is not torch.optim.Optimizer
        ):
            out.write(f"{name}.pt", lambda path, c=cls: torch.save(c(net.parameters(), lr=0.1), path))
            out.write(
                f"{name}.state.pt",
                lambda path, c=cls: torch.save(c(net.parameters(), lr=0.1).state_dict(), path),
            )
    optimizer = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler
    for name, made in {
        "step": schedule.StepLR(optimizer, 1),
        "cosine": schedule.CosineAnnealingLR(optimizer, 5),
        "plateau": schedule.ReduceLROnPlateau(optimizer),
        "one": schedule.OneCycleLR(optimizer, 0.1, total_steps=9),
    }.items():
        out.torch(f"{name}.pt", made)
        out.torch(f"{name}.state.pt", made.state_dict())
    for number in range(20):
        checkpoint = {
            "epoch": number,
            "state_dict": net.state_dict(),
            "optimizer": optimizer.state_dict(),
            "args": argparse.Namespace(lr=0.1, data="/data/x"),
            "best": np.float64(0.9),
            "history": collections.defaultdict(list, loss=[1.0]),
        }
        out.torch(
            ("checkpoint.pth.tar", "model.ckpt", "pytorch_model.bin", "best.pt")[number % 4], checkpoint
        )


def transformers(out: Folder) -> None:
    """Arguments of training, configurations and states of small models, tokenizers."""
    import tokenizers
    import torch
    import transformers as tr

    for given in (
        {},
        {"learning_rate": 1e-4},
        {"save_strategy": "epoch"},
        {"lr_scheduler_type": "cosine"},
        {"optim": "adafactor"},
        {"report_to": "none"},
    ):
        for cls in (tr.TrainingArguments, tr.Seq2SeqTrainingArguments):
            arguments = cls(output_dir="out", use_cpu=True, **given)
            out.torch("training_args.bin", arguments)
            out.pickle("arguments", arguments)
    small = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "vocab_size": 20,
        "num_key_value_heads": 2,
        "d_model": 8,
        "d_ff": 16,
        "n_embd": 8,
        "n_layer": 1,
        "n_head": 2,
        "dim": 8,
        "n_layers": 1,
        "n_heads": 2,
    }
    for name in "Bert Roberta DistilBert GPT2 T5 Llama Mistral Qwen2 ViT Albert Electra XLMRoberta Gemma Phi GPTNeoX Bloom MPNet".split():
        config = getattr(tr, f"{name}Config")()
        for key, value in small.items():
            if hasattr(config, key):
                setattr(config, key, value)
        out.pickle(f"config-{name}", config)
        out.write("config.json", lambda path, c=config: c.to_json_file(path))
        try:
            model = getattr(tr, f"{name}Model")(config)
        except Exception:  # noqa: BLE001 - not all can be made so small
            continue
        out.torch("pytorch_model.bin", model.state_dict())
        out.torch("model.pt", model)
    words = {"[UNK]": 0, "a": 1, "b": 2}
    for number in range(10):
        made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words | {f"w{number}": 3}, unk_token="[UNK]"))
        made.pre_tokenizer = (tokenizers.pre_tokenizers.Whitespace(), tokenizers.pre_tokenizers.ByteLevel())[
            number % 2
        ]
        out.write("tokenizer.json", made.save)
        out.pickle("tokenizer", made, (4,))
        chat = "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}{{ message['content'] | trim }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
        out.bytes(
            "tokenizer_config.json",
            json.dumps(
                {
                    "tokenizer_class": "PreTrainedTokenizerFast",
                    "chat_template": chat,
                    "model_max_length": 512 + number,
                },
                indent=1,
            ).encode(),
        )
        out.bytes("chat_template.jinja", f"{{# number {number} #}}\n{chat}".encode())
        out.bytes(
            "generation_config.json", json.dumps({"max_length": 20 + number, "do_sample": True}).encode()
        )
    out.pickle("output", tr.modeling_outputs.BaseModelOutput(last_hidden_state=torch.rand(1, 2)))
