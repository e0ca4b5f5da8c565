"""What building a Keras model from its configuration would do: code in it, and what it refers to.

A configuration is JSON in which every object with a `class_name` is looked up and called, however deep it
lies. Keras refuses code by default in its own format; its older format and older versions run it without
asking (CVE-2025-9905), and several functions could be called that switch the refusal off.

Source: keras/src/saving/serialization_lib.py, legacy/saving/ and layers/core/lambda_layer.py beside it.
"""

import binascii
import json
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.configurations.documents import json_documents
from ringfence.artifacts.format import Inside
from ringfence.artifacts.keras_names import Referred, referred, tensorflow_danger
from ringfence.artifacts.marshal_strings import marshal_strings
from ringfence.artifacts.pickles.policy import danger
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_configuration", "judge_document"]

_Object = dict[str, Json]
_DO_NOT_LOAD: Final = "do not load it: building the model runs what is named here"
_ASK: Final = "load it only if you know this code and where the file comes from"
# Values in the clothes of objects.
_VALUES: Final = frozenset(
    (
        *("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__"),
        *("__slice__", "__tuple__", "__lambda__", "Lambda", "TensorShape", "TypeSpec"),
        *("CompositeTensor", "TFSMLayer", "TorchModuleWrapper", "TFOpLambda", "ClassMethod"),
        *("InstanceMethod", "InstanceProperty", "SlicingOpLambda", "TensorFlowOpLayer"),
        *("__typespec__",),
    )
)
_OUTSIDE_KEYS: Final = ("vocabulary", "idf_weights")
_CODE_BEGINS: Final = b"c\xe3"  # a code object, as marshal writes it
_ACTING_WORDS: Final = frozenset(
    (
        *("__builtins__", "__globals__", "__import__", "__subclasses__", "check_output", "eval"),
        *("exec", "get_file", "getattr", "globals", "import_module", "importlib", "load_library"),
        *("load_op_library", "marshal", "open", "os", "pickle", "popen", "Popen", "posix"),
        *("py_function", "read_file", "requests", "shutil", "socket", "subprocess", "sys"),
        *("system", "tempfile", "urllib", "urlopen", "urlretrieve", "write_file"),
    )
)


def judge_document(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """The same as `judge_configuration` for a file that holds nothing else.

    Raises:
        Malformed: it is no JSON object, or too long.
    """
    if reader.size_bytes > LIMITS.json_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail="the configuration is too long to be read")
    data = reader.at(0, reader.size_bytes)
    encoding = json.detect_encoding(data)
    if not encoding.startswith("utf-8"):  # Keras reads it all the same
        yield Problem(kind=ProblemKind.BAD_HEADER, at=0, detail=f"JSON in {encoding}")
        data = data.decode(encoding, "replace").encode()
    found = json_documents(data)
    if len(found) != 1 or not isinstance(found[0].value, dict):
        raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="the configuration is no JSON object")
    if found[0].shadowed:
        yield Problem(kind=ProblemKind.DUPLICATE_KEY, at=None, detail="a key stands twice in one object")
    hidden: list[Json] = [{key: value} for key, value in found[0].shadowed]
    yield from judge_configuration([found[0].value, *hidden], reader)


def judge_configuration(
    config: Json, reader: Reader, *, revived: bool = False
) -> Iterator[Spotted | Problem | Inside]:
    """What building a model from `config` would do; each thing once. `reader` pays for what is decoded.

    With `revived` objects of unknown classes are made from a graph beside the configuration: nothing runs.
    """
    seen: set[tuple[str, tuple[str, ...]]] = set()
    left: list[Json] = [config]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left.extend(value)
        elif isinstance(value, dict):
            left.extend(value.values())
            for found in _object(value, reader):
                if not isinstance(found, Spotted):
                    yield found
                elif (found.check, found.evidence) not in seen and not (revived and _is_custom(found)):
                    seen.add((found.check, found.evidence))
                    yield found


def _is_custom(found: Spotted) -> bool:
    return found.check == "keras-custom-object"


def _object(value: _Object, reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    for key in _OUTSIDE_KEYS:
        if isinstance(path := value.get(key), str) and path:
            yield _spotted("keras-outside-file", Severity.HIGH, (f"{key}: {path}",))
    if "class_name" not in value:
        return
    name, module, registered = value["class_name"], value.get("module"), value.get("registered_name")
    if not isinstance(name, str) or not isinstance(module, str | None):
        detail = "a class or module that is named by no text"
        yield Problem(kind=ProblemKind.BAD_HEADER, at=None, detail=detail)
        return
    yield from _special(name, value, reader)
    if name == "__typespec__":
        name = str(value.get("spec_name"))
        if (module or "").startswith("tensorflow.python."):
            return
    elif name in _VALUES:
        return
    function = name == "function"
    if function:
        config = value.get("config")
        if not isinstance(config, str):
            yield Problem(kind=ProblemKind.BAD_HEADER, at=None, detail="a function that is named by no text")
            return
        name = config
    if "config" in value or module:
        yield from _reference(module or "", name, value.get("config"), function=function)
    if isinstance(registered, str) and registered.rpartition(">")[2] != name and registered != "function":
        yield from _reference("", registered, value.get("config"), function=function)


def _special(name: str, value: _Object, reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """Layers and marks that Keras treats in a way of their own."""
    config = value.get("config")
    inner = config if isinstance(config, dict) else {}
    match name:
        case "__lambda__":
            yield from _code(inner.get("code", inner.get("value", config)))
        case "Lambda":
            yield from _lambda(inner)
        case "TFOpLambda" | "ClassMethod" | "InstanceMethod":
            symbol = str(inner.get("function", inner.get("fn_name", "")))
            if (why := tensorflow_danger(symbol)) or symbol.startswith("raw_ops."):
                yield _spotted("keras-dangerous-object", Severity.CRITICAL, (symbol, why or "any operation"))
        case "TensorFlowOpLayer":
            operation = str(inner.get("node_def"))
            if any(each in operation for each in ("ReadFile", "WriteFile", "PyFunc", "MatchingFiles")):
                yield _spotted("keras-dangerous-object", Severity.CRITICAL, (operation,))
        case "TFSMLayer":
            yield _spotted("keras-outside-file", Severity.HIGH, (f"filepath: {inner.get('filepath')}",))
        case "KerasLayer":
            yield _spotted("keras-custom-object", Severity.LOW, (f"handle: {inner.get('handle')}",))
        case "TorchModuleWrapper":
            yield _spotted("keras-dangerous-object", Severity.HIGH, ("a module of PyTorch's, as a pickle",))
            if isinstance(pickled := inner.get("module"), str):
                data = _base64(pickled)
                reader.budget.inflate(len(data), at=None)
                yield Inside(name="module", reader=Reader.of_bytes(data, budget=reader.budget), at=None)


def _lambda(config: _Object) -> Iterator[Spotted]:
    """A layer that is a function. One with a class name of its own is met on the way."""
    for key in ("function", "output_shape", "mask"):
        function = config.get(key)
        if isinstance(function, dict) and function.get("class_name") == "__tuple__":
            function = function.get("items")
        if isinstance(function, list) and function and isinstance(function[0], str):
            yield from _code(function[0])
        elif key == "function" and isinstance(function, str):
            code = _base64(function)
            if code[:1] and code[:1] in _CODE_BEGINS:
                yield from _code(function)
            else:
                yield from _reference("", function, config.get("arguments"), function=True)
        elif key == "function" and not isinstance(function, dict):
            yield _spotted("keras-code", Severity.HIGH, ("a Lambda layer whose function cannot be read",))


def _code(value: Json) -> Iterator[Spotted]:
    """Marshalled Python code in base64, alone or before its defaults and closure."""
    if isinstance(value, list) and value:
        value = value[0]
    code = _base64(value) if isinstance(value, str) else b""
    names = dict.fromkeys(marshal_strings(code))
    acting = [each for each in names if each in _ACTING_WORDS or danger("builtins", each)]
    evidence = ("names " + ", ".join(acting or names) if names else "names nothing that can be read",)
    severity = Severity.CRITICAL if acting else Severity.HIGH
    yield _spotted("keras-code", severity, evidence)


def _base64(text: str) -> bytes:
    """As Keras decodes it, which also takes what is not base64."""
    try:
        return binascii.a2b_base64(text.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return text.encode("raw_unicode_escape", "replace")


def _reference(module: str, name: str, config: Json, *, function: bool) -> Iterator[Spotted]:
    kind, why = referred(module, name, function=function)
    told = f"{module}.{name}" if module else name
    match kind:
        case Referred.DANGEROUS:
            yield _spotted("keras-dangerous-object", Severity.CRITICAL, (told, why, *_texts(config)))
        case Referred.FOREIGN:
            yield _spotted("keras-foreign-object", Severity.HIGH, (told, why, *_texts(config)))
        case Referred.CUSTOM:
            yield _spotted("keras-custom-object", Severity.LOW, (told,))
        case Referred.LIBRARY:
            yield _spotted("keras-needs-library", Severity.INFO, (f"{why}: {told}",))
        case Referred.KERAS:
            pass


def _texts(config: Json) -> Iterator[str]:
    """What it is called with, as far as that is text."""
    values = config.values() if isinstance(config, dict) else ()
    yield from (each for each in values if isinstance(each, str))


def _spotted(check: str, severity: Severity, evidence: tuple[str, ...]) -> Spotted:
    shown = tuple(each[: LIMITS.evidence_chars] for each in evidence[: LIMITS.evidence_items] if each)
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.CERTAIN if severity in (Severity.LOW, Severity.INFO) else Confidence.LIKELY,
        at=None,
        evidence=shown,
        advice=_ASK if severity in (Severity.LOW, Severity.INFO) else _DO_NOT_LOAD,
    )
