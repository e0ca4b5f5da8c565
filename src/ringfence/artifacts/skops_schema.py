"""What a skops document would build: every class and function that it names, weighed as those in pickles.

Source: skops/io/_general.py, _numpy.py, _scipy.py and _sklearn.py in skops 0.16, and skops/io/old.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Inside
from ringfence.artifacts.json_table import document_of
from ringfence.artifacts.pickles.policy import Kind, danger, kind_of, library_of
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity

__all__ = ["judge"]

_Node = dict[str, Json]

# What skops' own loaders make of names, wherever these stand.
_BUILTINS = frozenset(
    {
        *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "NoneType"),
        *("object", "range", "set", "slice", "str", "tuple", "type"),
    }
)
_OF_LOADER = {
    "PartialNode": ("functools.partial",),
    "OperatorFuncNode": ("operator.attrgetter", "operator.itemgetter"),
    "DefaultDictNode": ("collections.defaultdict",),
    "MaskedArrayNode": ("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"),
    "RandomStateNode": ("numpy.random.mtrand.RandomState",),
    "RandomGeneratorNode": ("numpy.random._generator.Generator",),
}
_LOADERS = frozenset(
    {
        *("BytearrayNode", "BytesNode", "CachedNode", "ConstructorFromReduceNode", "DTypeNode", "DictNode"),
        *("DefaultDictNode", "FunctionNode", "JsonNode", "ListNode", "LossNode", "MaskedArrayNode"),
        *("MethodNode", "NdArrayNode", "ObjectNode", "OperatorFuncNode", "PartialNode", "SGDNode"),
        *("QuantileForestNode", "RandomGeneratorNode", "RandomStateNode", "SetNode", "SliceNode"),
        *("SparseMatrixNode", "TreeNode", "TupleNode", "TypeNode", "_DictWithDeprecatedKeysNode"),
    }
)
# Calls the function in its state, which is a node of its own here and judged by its name.
_CALLS_ITS_OWN = ("sklearn.preprocessing._function_transformer.FunctionTransformer",)
_ONLY_NAMED = frozenset(("FunctionNode", "TypeNode", "JsonNode"))  # nothing is called while it is loaded
_GENERATORS = frozenset(("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"))
_UFUNC_MODULES = frozenset(("numpy", "scipy.special", "numpy.core._multiarray_umath"))
_UFUNCS = frozenset({
    "absolute", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "cbrt", "ceil", "clip", "conj",
    "conjugate", "copysign", "cos", "cosh", "deg2rad", "degrees", "divide", "divmod", "equal", "exp",
    "exp2", "expit", "expm1", "fabs", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod",
    "gamma", "gammaln", "greater", "greater_equal", "heaviside", "hypot", "isfinite", "isinf", "isnan",
    "less", "less_equal", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logaddexp2",
    "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "maximum", "minimum", "mod",
    "modf", "multiply", "nan_to_num", "negative", "not_equal", "positive", "power", "rad2deg",
    "radians", "reciprocal", "remainder", "rint", "round", "sign", "signbit", "sin", "sinh", "softmax",
    "spacing", "sqrt", "square", "subtract", "tan", "tanh", "true_divide", "trunc", "xlogy",
})  # fmt: skip


def judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """What the document names that is no plain data, each name once."""
    seen: set[tuple[Json, Json, Json]] = set()
    left = [document_of(reader)]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left.extend(value)
        elif isinstance(value, dict):
            left.extend(value.values())
            yield from _odd(value)
            named = (value.get("__module__"), value.get("__class__"), value.get("__loader__"))
            if "__loader__" in value and all(isinstance(n, str) for n in named) and named not in seen:
                seen.add(named)
                yield from _name(*map(str, named))


def _name(module: str, name: str, loader: str) -> Iterator[Spotted]:
    path = f"{module}.{name}"
    if _is_plain(module, name, loader):
        return
    kind = kind_of(module, name)
    if kind is Kind.DATA:
        return
    if kind is Kind.LIBRARY or path in _CALLS_ITS_OWN:
        library = library_of(module, name) or module.partition(".")[0]
        yield _spotted("skops-needs-library", Severity.INFO, f"{library}: {path}", loader)
    elif kind is Kind.DANGEROUS:
        yield _spotted("skops-dangerous-name", Severity.CRITICAL, f"{path}: {danger(module, name)}", loader)
    elif kind in (Kind.STANDARD_LIBRARY, Kind.DOTTED, Kind.MODULE):
        yield _spotted("skops-suspicious-name", Severity.HIGH, f"{path}: {kind.value}", loader)
    elif kind is Kind.FUNCTION and loader not in _ONLY_NAMED and loader != "MethodNode":
        yield _spotted(
            "skops-suspicious-name", Severity.HIGH, f"{path}: a function in a class's place", loader
        )
    else:
        yield _spotted("skops-unknown-name", Severity.LOW, path, loader)
    if loader not in _LOADERS:
        yield _spotted("skops-unknown-name", Severity.LOW, f"{path}: for a loader that is not known", loader)


def _is_plain(module: str, name: str, loader: str) -> bool:
    """Whether skops makes a plain value or a mathematical function of it."""
    if module == "builtins":
        return name in _BUILTINS
    if loader == "FunctionNode" and module in _UFUNC_MODULES:
        return name in _UFUNCS
    return f"{module}.{name}" in _OF_LOADER.get(loader, ())


def _odd(node: _Node) -> Iterator[Spotted]:
    """Names that skops looks up and that stand somewhere else than in a node's own fields."""
    loader, content = node.get("__loader__"), node.get("content")
    if loader == "MethodNode" and isinstance(content, dict):
        owner, method = content.get("obj"), content.get("func")
        same = isinstance(owner, dict) and all(
            owner.get(each) == node.get(each) for each in ("__module__", "__class__")
        )
        if not same or not isinstance(method, str) or method.startswith("_"):
            what = f"the method {method} of something else than it says"
            yield _spotted("skops-suspicious-name", Severity.HIGH, what, str(loader))
    generator = node.get("bit_generator")
    if isinstance(generator, dict) and generator.get("__loader__") == "JsonNode":
        generator = str(generator.get("content")).strip('"')
    if isinstance(generator, str) and generator not in _GENERATORS:
        yield _spotted("skops-suspicious-name", Severity.HIGH, f"numpy.random.{generator}", str(loader))


def _spotted(check: str, severity: Severity, what: str, loader: str) -> Spotted:
    known = severity <= Severity.LOW
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.CERTAIN if known else Confidence.LIKELY,
        at=None,
        evidence=(what, loader),
        advice="trust these types only if you know the code and where the file comes from"
        if known
        else "do not load it: skops would look up what is named here, and call it",
    )
