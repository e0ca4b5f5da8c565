"""What each key of a configuration makes a loader do. One function for each family of loaders.

Sources: transformers `dynamic_module_utils`, diffusers `pipeline_loading_utils`, sentence-transformers
`modules.json`, Hydra's `instantiate`, Lightning's `class_path`, MLflow's MLmodel, spaCy's registries, PEFT,
mmengine's `Config`, LangChain's `load` and `load_prompt`, torch.export.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from ringfence.artifacts.configurations.code_references import (
    Runs,
    judge_dotted,
    judge_repository_code,
    stays_within,
)
from ringfence.artifacts.configurations.documents import Entry
from ringfence.artifacts.configurations.interpolation import OPEN
from ringfence.artifacts.configurations.words import words
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.torch_export import judge_expression
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity

__all__ = ["ACTED_ON", "RULES", "TARGETS"]

_Rule = Callable[[Entry], Iterator[Spotted]]

# Keys whose first and second value matter when they stand twice.
ACTED_ON: Final = words("acted_on")
TARGETS: Final = ("_target_", "class_path", "target", "instantiate", "object_path", "cls", "callable")
_BESIDE_TARGET: Final = words("beside_target")
_TRUSTS: Final = ("trust_remote_code", "trust_repo", "allow_pickle", "enable_unsafe_deserialization")
_ATTENTION: Final = ("_attn_implementation", "attn_implementation", "_experts_implementation")
_DIFFUSERS: Final = words("diffusers")
_SPACY: Final = re.compile(r"spacy[\w-]*\.[\w.]+")
_IDENTIFIER: Final = re.compile(r"[^\W\d]\w*")
_DTYPE: Final = re.compile(r"(?:torch\.)?[a-z]{2,10}\d{0,3}(?:_\w{1,12})?|auto")
_RUNS_WHAT_IS_SAID: Final = ("llm_bash_chain", "pal_chain", "cpal_chain")
_TOOLS: Final = ("terminal", "shell", "bash", "python_repl", "python_repl_ast")
_RESOLVER: Final = re.compile(r"\$\{\s*(?:eval|python|exec|run|shell|cmd)\s*:([^}]{0,500})")
_EXPRESSION_CHARS: Final = 4096
_ARITHMETIC: Final = re.compile(r"[\w\s.+*/%(){}$\[\],:'\"<>=!|&^~-]*")
_CODE: Final = re.compile(r"__\w+__|\bimport\b|\b(?:exec|eval|open|getattr|compile|lambda|system|popen)\b")


def _auto_map(entry: Entry) -> Iterator[Spotted]:
    """auto_map: an Auto class → a reference, or several (a slow and a fast tokenizer)."""
    found = entry.mapping.get("auto_map")
    values = list(found.values()) if isinstance(found, dict) else [found] if found else []
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield judge_repository_code(_at(entry, "auto_map"), each)
            elif each is not None:
                yield _odd(_at(entry, "auto_map"))


def _custom_pipelines(entry: Entry) -> Iterator[Spotted]:
    found = entry.mapping.get("custom_pipelines")
    if isinstance(found, dict):
        for value in found.values():
            if isinstance(value, dict) and isinstance(value.get("impl"), str):
                yield judge_repository_code(_at(entry, "custom_pipelines"), str(value["impl"]))
    if isinstance(one := entry.mapping.get("custom_pipeline"), str) and one:
        yield _low("runs-repository-code", f"{_at(entry, 'custom_pipeline')}: {one}")


def _modules(entry: Entry) -> Iterator[Spotted]:
    """One line of sentence-transformers' modules.json."""
    kind, path = entry.mapping.get("type"), entry.mapping.get("path")
    if not (isinstance(kind, str) and isinstance(path, str) and entry.mapping.keys() >= {"idx", "name"}):
        return
    if not stays_within(path):
        yield _leaves(_at(entry, "path"), path)
    if kind.startswith("sentence_transformers.") and (found := judge_dotted("type", kind, runs=Runs.SURELY)):
        if found.severity > Severity.INFO:
            yield found
    elif found := judge_dotted("type", kind, runs=Runs.SURELY):
        yield found
    else:
        yield _odd(f"type: {kind}")


def _diffusers(entry: Entry) -> Iterator[Spotted]:
    """model_index.json: a component → [library or file, class]."""
    name = entry.mapping.get("_class_name")
    if isinstance(name, list):
        yield _low(
            "runs-repository-code",
            f"_class_name: {', '.join(each for each in name[:4] if isinstance(each, str))}",
        )
    elif not isinstance(name, str):
        return
    elif not _IDENTIFIER.fullmatch(name):
        yield _odd(f"_class_name: {name}")
    for component, value in entry.mapping.items():
        match value:
            case [str() as library, str() as its_class]:
                if library in _DIFFUSERS or component.endswith("_block_types"):
                    continue  # what a network's halves are made of is no component of a pipeline
                if "_diffusers_version" not in entry.mapping:
                    yield from _reached(component, library, its_class)
                elif not (
                    _IDENTIFIER.fullmatch(its_class) and all(map(_IDENTIFIER.fullmatch, library.split(".")))
                ):
                    yield _odd(f"{component}: {library}, {its_class}")
                elif found := judge_dotted(component, f"{library}.{its_class}", runs=Runs.SURELY):
                    yield found


def _reached(component: str, library: str, its_class: str) -> Iterator[Spotted]:
    """What two texts come to that may be no library and class at all: only what no pair of words is."""
    if not stays_within(library):
        yield _odd(f"{component}: {library}, {its_class}")
        return
    found = judge_dotted(component, f"{library}.{its_class}", runs=Runs.SURELY)
    if found is not None and found.severity == Severity.CRITICAL:
        yield found


def _targets(entry: Entry) -> Iterator[Spotted]:
    """Hydra's _target_, Lightning's class_path, and the `target` with `params` of latent diffusion."""
    for key in TARGETS:
        value = entry.mapping.get(key)
        if not isinstance(value, str):
            continue
        if OPEN in value and key in ("_target_", "class_path"):
            yield _low("runs-repository-code", f"{_at(entry, key)}: {value}")
            continue
        sure = key in ("_target_", "class_path") or bool(_BESIDE_TARGET & entry.mapping.keys())
        found = judge_dotted(
            _at(entry, key), value, runs=Runs.SURELY if sure else Runs.PERHAPS, arguments=_arguments(entry)
        )
        if found is not None and (sure or found.severity == Severity.CRITICAL):
            yield found
        if value.startswith("hydra.utils.") and isinstance(path := entry.mapping.get("path"), str):
            named = judge_dotted(_at(entry, "path"), path, runs=Runs.SURELY)
            if named is not None and named.severity > Severity.LOW:
                yield named


def _mlflow(entry: Entry) -> Iterator[Spotted]:
    """A flavor of an MLmodel."""
    loader = entry.mapping.get("loader_module")
    if isinstance(loader, str):
        if loader.partition(".")[0] == "mlflow":
            found = judge_dotted("loader_module", f"{loader}.load", runs=Runs.SURELY)
            if found is not None and found.severity > Severity.LOW:
                yield found
        elif found := judge_dotted("loader_module", f"{loader}._load_pyfunc", runs=Runs.SURELY):
            yield found
        for key in ("code", "model_code_path", "python_model", "data", "model_path", "env"):
            value = entry.mapping.get(key)
            if isinstance(value, str) and key in ("code", "model_code_path"):
                yield _low("runs-repository-code", f"{key}: {value}")
            if isinstance(value, str) and not stays_within(value):
                yield _leaves(key, value)


def _spacy(entry: Entry) -> Iterator[Spotted]:
    for key, value in entry.mapping.items():
        if key.startswith("@") and isinstance(value, str) and not _SPACY.fullmatch(value):
            yield _low("runs-repository-code", f"{_at(entry, key)}: {value}")


def _trusts(entry: Entry) -> Iterator[Spotted]:
    for key in _TRUSTS:
        if entry.mapping.get(key) in (True, "true", "True"):
            yield _low("trusts-other-code", f"{_at(entry, key)}: true")
    for key in _ATTENTION:
        if isinstance(value := entry.mapping.get(key), str) and "/" in value:
            yield _low("runs-other-repository-code", f"{_at(entry, key)}: {value}")


def _peft(entry: Entry) -> Iterator[Spotted]:
    found = entry.mapping.get("auto_mapping")
    if isinstance(found, dict) and isinstance(module := found.get("parent_library"), str):
        its_class = found.get("base_model_class")
        name = f"{module}.{its_class if isinstance(its_class, str) else 'Model'}"
        said = judge_dotted("auto_mapping", name, runs=Runs.SURELY)
        if said is not None and said.severity > Severity.INFO:
            yield said


def _weights(entry: Entry) -> Iterator[Spotted]:
    """An index of shards: names beside the index, and nothing else."""
    found = entry.mapping.get("weight_map")
    if isinstance(found, dict):
        for name in {value for value in found.values() if isinstance(value, str)}:
            if not stays_within(name):
                yield _leaves("weight_map", name)


def _dtypes(entry: Entry) -> Iterator[Spotted]:
    """transformers looks the name up in torch, whatever it is."""
    for key in ("torch_dtype", "bnb_4bit_compute_dtype"):
        value = entry.mapping.get(key)
        if isinstance(value, str) and not _DTYPE.fullmatch(value):
            yield _odd(f"{_at(entry, key)}: {value}")


def _expressions(entry: Entry) -> Iterator[Spotted]:
    """A symbolic size of an exported PyTorch program, which sympy evaluates."""
    if isinstance(text := entry.mapping.get("expr_str"), str):
        yield from judge_expression(text)


def _imports(entry: Entry) -> Iterator[Spotted]:
    """OpenMMLab's modules that are imported, and its types that are called."""
    found = entry.mapping.get("custom_imports")
    listed = found.get("imports") if isinstance(found, dict) else None
    for module in listed if isinstance(listed, list) else [listed]:
        if isinstance(module, str) and (
            said := judge_dotted(_at(entry, "custom_imports"), f"{module}.x", runs=Runs.SURELY)
        ):
            yield said
    if isinstance(kind := entry.mapping.get("type"), str):
        said = judge_dotted(_at(entry, "type"), kind, runs=Runs.PERHAPS)
        if said is not None and said.severity == Severity.CRITICAL:
            yield said


def _chains(entry: Entry) -> Iterator[Spotted]:
    """LangChain: what a constructor is, what a chain runs, and which files prompts come from."""
    kind, path = entry.mapping.get("_type"), entry.mapping.get("id")
    if entry.mapping.get("type") == "constructor" and "lc" in entry.mapping and isinstance(path, list):
        name = ".".join(each for each in path if isinstance(each, str))
        if not name.startswith("langchain"):
            yield judge_dotted(_at(entry, "id"), name, runs=Runs.SURELY) or _odd(
                f"{_at(entry, 'id')}: {name}"
            )
    if isinstance(kind, str) and kind in _RUNS_WHAT_IS_SAID:
        yield _odd(f"{_at(entry, '_type')}: {kind}, which runs what the model says")
    for key in ("template_path", "prefix_path", "suffix_path", "examples"):
        value = entry.mapping.get(key)
        if "_type" in entry.mapping and isinstance(value, str) and not stays_within(value):
            yield _leaves(_at(entry, key), value)
    tools = entry.mapping.get("allowed_tools")
    if isinstance(tools, list) and (given := [each for each in tools if each in _TOOLS]):
        yield _low("trusts-other-code", f"{_at(entry, 'allowed_tools')}: {', '.join(map(str, given))}")


def _tasks(entry: Entry) -> Iterator[Spotted]:
    """A task of an editor that starts by itself when somebody opens the folder."""
    found = entry.mapping.get("runOptions")
    if isinstance(found, dict) and found.get("runOn") == "folderOpen" and "command" in entry.mapping:
        yield _odd(f"{_at(entry, 'command')}: {entry.mapping['command']}, when the folder is opened")


def _resolvers(entry: Entry) -> Iterator[Spotted]:
    """OmegaConf's ${eval:…}, which runs Python where a program has registered it."""
    for key, value in entry.mapping.items():
        if not isinstance(value, str) or len(value) > _EXPRESSION_CHARS or "${" not in value:
            continue
        for found in _RESOLVER.finditer(value):
            if _CODE.search(found[1]) or not _ARITHMETIC.fullmatch(found[1]):
                yield Spotted(
                    check="configuration-dangerous-code",
                    severity=Severity.HIGH,
                    confidence=Confidence.LIKELY,
                    at=None,
                    evidence=(f"{_at(entry, key)}: {found.group()}",),
                    advice="do not load it: it is code that is run where others have a number",
                )


RULES: Final[tuple[_Rule, ...]] = (
    _auto_map,
    _custom_pipelines,
    _modules,
    _diffusers,
    _targets,
    _mlflow,
    _spacy,
    _trusts,
    _peft,
    _weights,
    _dtypes,
    _resolvers,
    _expressions,
    _imports,
    _chains,
    _tasks,
)


def _at(entry: Entry, key: str) -> str:
    return f"{entry.path}.{key}" if entry.path else key


def _arguments(entry: Entry) -> tuple[str, ...]:
    """What is given along, where it is short."""
    plain: list[Json] = [value for key, value in entry.mapping.items() if key not in TARGETS]
    return tuple(str(each)[:80] for each in plain if isinstance(each, str))[:2]


def _low(check: str, what: str) -> Spotted:
    return Spotted(
        check=check,
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(what,),
        advice="read the code that is named here before you let it run",
    )


def _odd(what: str) -> Spotted:
    return Spotted(
        check="odd-code-reference",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=(what,),
        advice="do not load it: no writer of such configurations puts this here",
    )


def _leaves(key: str, path: str) -> Spotted:
    return Spotted(
        check="path-leaves-folder",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=(f"{key}: {path}",),
        advice="do not load it: the loader would open a file outside the model's folder",
    )
