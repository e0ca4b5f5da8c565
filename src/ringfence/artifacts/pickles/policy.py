"""What a pickle may import, by exact names. Whatever is on no list is judged by what it looks like.

Tier 1 is pure data: whatever its members are called with, and however they are combined, they only make
values. Tier 2 are classes of well-known libraries, generated from the libraries themselves by
`scripts/allowlist.py`. The list of dangers only makes worse and gives the danger its name; nothing is
harmless because it is missing there.

Why a name on a list is harmless in whatever company. A pickle can call what it imports without any call being
seen: as a defaultdict's factory, a partial's function, or an instance's own `__setstate__` or `append`. So it
is not enough that a member is harmless as honest pickles call it: it must be with any arguments at all, those
being made of other members. By that rule a list may hold what makes values of its arguments, calls their
methods, or calls what it is given (for that is a member, or is reported as called), and nothing that turns
text into an import, an attribute, code, a path or a command. What is so only when it is made without
arguments, as honest pickles make it, is `restored`; with them it may read a file and nothing worse. What
executes a text of its own state is in `runs_text`, and the machine compares that text with the honest one.
"""

import builtins
import json
import re
import sys
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

from ringfence.artifacts.pickles.seen import PLAIN_TYPES, How, Use
from ringfence.artifacts.pickles.states import OPENS
from ringfence.core.patterns import pattern

__all__ = [
    "Kind",
    "arguments_look_dangerous",
    "danger",
    "holds_code",
    "is_watched",
    "kind_of",
    "kind_used",
    "library_of",
    "names_what_acts",
    "runs_text",
    "text_acts",
]

_FOLDER: Final = Path(__file__).parent / "allowlist"


class Kind(Enum):
    """What an import is."""

    DATA = "data"
    LIBRARY = "library"
    CODE = "contains code that nobody has looked at"
    METHOD = "a method of an object, which somebody may call later"
    DANGEROUS = "dangerous"
    STANDARD_LIBRARY = "standard library"  # on no list
    DOTTED = "dotted"  # reaches through one thing into another
    MODULE = "module"  # a module in the place of a class
    CLASS = "class"  # of code that nobody has looked at, by the look of its name
    FUNCTION = "function"


_Names = Mapping[str, frozenset[str]]

_ENCODE: Final = {("_codecs", "encode"), ("codecs", "encode")}
_PLAIN_CODECS: Final = {"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"}
_LOADER: Final = ("torch.storage", "_load_from_bytes")
_TYPE: Final = ("builtins", "type")
_GETATTR: Final = ("builtins", "getattr")
_OF_TEXT: Final = pattern(r"\('[^'\\]{0,200}', '[a-z]\w{0,60}'\)")  # a method of a text
_BUILTINS: Final = frozenset(dir(builtins))
_OF_CONTAINER: Final = pattern(r"\((?:\[…\]|\{…\}), '[a-z]\w{0,60}'\)")
_LOGGER: Final = ("logging", "getLogger")
_GETTERS: Final = {
    (module, name) for module in ("operator", "_operator") for name in ("attrgetter", "methodcaller")
}
_ATTRIBUTES: Final = pattern(r"\('[a-z][a-z0-9_.]{0,60}'(?:, '[a-z][a-z0-9_.]{0,60}')*\)")
# Attributes of functions, frames and modules by which everything else is reached.
_WAYS_OUT: Final = pattern(r"(?:f|gi|cr|ag|tb|co|func|im)_\w+|modules|mro|\w*(?:globals|builtins|loader)\w*")
_UFUNC: Final = (("numpy.core", "_ufunc_reconstruct"), ("numpy._core", "_ufunc_reconstruct"))
_REACHES: Final = pattern(
    r"\((?P<module>[\w.]+)\.(?P<name>\w+)(?P<made>\(…\))?, '(?P<attribute>[a-zA-Z_]\w*)'\)"
)
# Methods that objects of a library keep of themselves, which only compute.
_METHODS: Final = {
    "numpy": pattern(
        r"(?:standard_|multivariate_|negative_|noncentral_)?(?:beta|binomial|bytes|cauchy|chisquare|choice|dirichlet"
        r"|exponential|f|gamma|geometric|gumbel|hypergeometric|integers|laplace|logistic|lognormal|logseries|normal"
        r"|multinomial|pareto|permutation|permuted|poisson|power|rand|randint|randn|random|random_integers"
        r"|random_sample|rayleigh|shuffle|t|triangular|uniform|vonmises|wald|weibull|zipf)"
    ),
    "scipy": pattern(
        r"_call_(?:linear|linear_np|nearest|previousnext|spline)|_h_[a-z_]+"
        r"|_entropy|_(?:cdf|ppf)_single|_mom[01]_sc|_nonzero"
    ),
    "torch": pattern(r"_infer_parameters|_lazy_load_hook|_annealing_[a-z]+|_\w*scale_fn"),
}
_BY_NAME: Final = {("cloudpickle.cloudpickle", "_builtin_type"), ("dill._dill", "_load_type")}
_DILLS_ARRAY: Final = ("dill._dill", "_create_array")
_PLAIN_ARRAY: Final = pattern(r"\(numpy\.(?:_core|core)\.(?:multiarray\._reconstruct|numeric\._frombuffer),")
# Data whose calls are looked at: a codec runs by name, and bytes may be another file to load.
_LOOKED_AT: Final = {*_ENCODE, _LOADER, _TYPE}
_ACTING_METHOD: Final = pattern(
    r"(?i)^_?(?:to_|from|read|write|save|load|dump|open|exec|eval|query|run|call|apply|map|pipe|agg|tofile|import"
    r"|compile|send|connect|get_state|set|register|hook)"
)
# Pickled by a name alone, these are found in whichever module has imported torch.
_MEMORY_FORMAT: Final = pattern(r"torch\.(?:contiguous_format|preserve_format|channels_last(?:_3d)?)")
_CLASS: Final = pattern(r"_{0,2}[A-Z]\w*")
_DANGEROUS_TEXT: Final = pattern(
    r"""^(?:https?|ftp|file|data):// | ^[/~] | ^[A-Za-z]:\\ | \.\./ | [;|&`]\s*\w | \$\( |
    \b(?:import|exec|eval|subprocess|system|curl|wget|bash|powershell|chmod|rm\ -)\b |
    \.(?:sh|exe|dll|so|py)$""",
    re.VERBOSE,
)


_ACTING_NAMES: Final = {
    *("system", "popen", "Popen", "check_output", "check_call", "getoutput", "fork", "posix_spawn", "execv"),
    *("execve", "execvp", "spawnl", "spawnv", "exec", "__import__", "import_module", "subprocess", "socket"),
    *("create_connection", "urlopen", "urlretrieve", "ctypes", "CDLL", "pty", "rmtree", "marshal"),
}
_ACTING_TEXT: Final = pattern(
    r"__|\b(?:import|exec|eval|open|compile|getattr|setattr|globals|os|sys|subprocess|system|popen|socket)\b"
)


@cache
def _data() -> _Names:
    return _read("data.json")["names"]


@cache
def _lists() -> Mapping[str, Mapping[str, _Names]]:
    """The names of each library of tier 2, by the part of its list that they stand in."""
    paths = sorted(_FOLDER.glob("library-*.json"))
    return {path.stem.removeprefix("library-"): _read(path.name) for path in paths}


@cache
def _libraries() -> Mapping[str, _Names]:
    found = {}
    for library, parts in _lists().items():
        names = dict(parts["names"])
        for part in ("restored", "runs_text"):
            for module, more in parts[part].items():
                names[module] = names.get(module, frozenset()) | more
        found[library] = names
    return found


@cache
def _dangers() -> Mapping[str, Mapping[str, str]]:
    whole: Mapping[str, Mapping[str, str]] = json.loads(
        (_FOLDER / "dangers.json").read_text(encoding="utf-8")
    )
    return whole


@cache
def _parts(part: str) -> _Names:
    """All libraries' names of one part."""
    found: dict[str, frozenset[str]] = {}
    for parts in _lists().values():
        found |= parts[part]
    return found


def _read(name: str) -> Mapping[str, _Names]:
    whole = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return {
        part: {module: frozenset(names) for module, names in whole.get(part, {}).items()}
        for part in ("names", "restored", "runs_text")
    }


@cache
def library_of(module: str, name: str) -> str | None:
    """The library of tier 2 that the import belongs to."""
    for library, names in _libraries().items():
        if name in names.get(module, ()):
            return library
    return None


def danger(module: str, name: str) -> str | None:
    """What is dangerous about the import, in a few words."""
    dangers = _dangers()
    path = f"{module}.{name}"
    if (exact := dangers["names"].get(path)) is not None:
        return exact
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        if (whole := dangers["modules"].get(".".join(parts[:count]))) is not None:
            return whole
    reached = name.split(".")
    for at in range(len(reached) - 1):  # torch, os.system
        rest = ".".join(reached[at:])
        found = dangers["names"].get(rest) or dangers["modules"].get(reached[at])
        if found is not None:
            return found
    return dangers["anywhere"].get(parts[-1])


def _is_code(module: str, name: str) -> bool:
    """Whether it puts a function or class together of the code that the pickle holds."""
    if name == "__main__" and module in ("__builtin__", "builtins"):  # as dill writes its functions' globals
        return True
    return module in _dangers()["code"] and f"{module}.{name}" not in _dangers()["names"]


@cache
def kind_of(module: str, name: str) -> Kind:
    """What the import is."""
    if name in _data().get(module, ()):
        return Kind.DATA
    if library_of(module, name) is not None:
        return Kind.LIBRARY
    if _is_code(module, name):
        return Kind.CODE
    if danger(module, name) is not None:
        return Kind.DANGEROUS
    if module.partition(".")[0] in sys.stdlib_module_names and module != "__main__":
        return Kind.STANDARD_LIBRARY
    if _MEMORY_FORMAT.fullmatch(name):
        is_known = module == "__main__" or module.partition(".")[0] in _libraries()
        return Kind.DATA if is_known else Kind.CLASS
    if "." in name:
        return Kind.DOTTED
    if name in sys.stdlib_module_names:
        return Kind.MODULE
    return Kind.CLASS if _CLASS.fullmatch(name) else Kind.FUNCTION


def is_watched(module: str, name: str) -> bool:
    """Whether what the import is called with matters."""
    return (
        (module, name) in _LOOKED_AT
        or name in _parts("restored").get(module, ())
        or kind_of(module, name) not in (Kind.DATA, Kind.LIBRARY)
    )


def runs_text(module: str, name: str) -> bool:
    """Whether its objects execute a text of the state that they get, or open the file that it names."""
    return name in _parts("runs_text").get(module, ()) or (name in OPENS and module.startswith("joblib."))


def holds_code(module: str, name: str) -> bool:
    """Whether what it is called with is code that the pickle brings along."""
    return kind_of(module, name) is Kind.CODE


def names_what_acts(word: str) -> bool:
    """Whether code with this among its names runs commands or other code, or opens connections."""
    return word in _ACTING_NAMES


def text_acts(code: str) -> bool:
    """Whether a piece of Python imports, runs or opens something, or reaches for what does."""
    return _ACTING_TEXT.search(code) is not None


def arguments_look_dangerous(use: Use) -> bool:
    """Whether no honest pickle gives it these arguments, or one is a path, a command, code or an address."""
    what = (use.module, use.name)
    if what in _ENCODE:
        return use.how is not How.CALL or use.texts[-1:] == () or use.texts[-1] not in _PLAIN_CODECS
    if what == _TYPE:  # the type of None, and no class of the pickle's own
        return use.shown not in ("…", "(…)")
    if use.name in _parts("restored").get(use.module, ()):
        return use.shown != "()"
    return any(_DANGEROUS_TEXT.search(text) for text in use.texts)


def kind_used(use: Use) -> Kind:
    """What the use gives, where that is not what is called: an attribute or a name that is told in text."""
    what = (use.module, use.name)
    if what in _BY_NAME and use.texts and use.texts[0] in PLAIN_TYPES:
        return Kind.LIBRARY
    if what == _DILLS_ARRAY and _PLAIN_ARRAY.match(use.shown):
        return Kind.LIBRARY
    if what in _GETTERS and use.how is How.CALL and _gets_data(use):
        return Kind.METHOD
    if what == _LOGGER and use.how is How.CALL and len(use.texts) == 1:
        return Kind.CLASS
    if use.how is How.CHANGE or what not in (_GETATTR, *_UFUNC):
        return kind_of(*what)
    if what == _GETATTR:
        return _kind_reached(use)
    known = len(use.texts) == 2 and kind_of(*use.texts) is Kind.LIBRARY
    return Kind.LIBRARY if known else Kind.DANGEROUS


def _gets_data(use: Use) -> bool:
    """Whether all that it would get of an object, or the one method that it would call, only tells data."""
    parts = [part for text in use.texts for part in text.split(".")]
    return (
        len(use.texts) == use.shown.count("'") // 2 > 0
        and _ATTRIBUTES.fullmatch(use.shown) is not None
        and (use.name == "attrgetter" or len(parts) == 1)
        and not any(map(_leads_on, parts))
    )


def _leads_on(attribute: str) -> bool:
    """Whether code or modules are reached by an attribute of that name."""
    return (
        attribute in _dangers()["anywhere"]
        or attribute in _ACTING_NAMES
        or attribute in sys.stdlib_module_names
        or attribute in _BUILTINS
        or _ACTING_METHOD.match(attribute) is not None
        or _WAYS_OUT.fullmatch(attribute) is not None
    )


def _kind_reached(use: Use) -> Kind:
    """What getattr gives: something on a list, a constant of a class, a method, or who knows."""
    found = _REACHES.fullmatch(use.shown)
    if found is None:
        is_plain = _OF_TEXT.fullmatch(use.shown) or _OF_CONTAINER.fullmatch(use.shown)
        return Kind.DATA if is_plain else Kind.DANGEROUS
    module, name, attribute = found["module"], found["name"], found["attribute"]
    if attribute == "__new__" and found["made"] is None:
        owner = kind_of(module, name)
        return owner if owner in (Kind.DATA, Kind.LIBRARY, Kind.CLASS) else Kind.DANGEROUS
    if module == "builtins" and name in PLAIN_TYPES and not attribute.startswith("_"):
        return Kind.DATA  # as `str.split`, which tokenizes
    kind = kind_of(module, f"{name}.{attribute}")
    if kind is Kind.DANGEROUS or attribute.startswith("__"):
        return Kind.DANGEROUS
    owner = kind_of(module, name)
    if found["made"] is not None:
        if _is_computing_method(module, name, attribute):
            return Kind.LIBRARY
        is_quiet = owner in (Kind.DATA, Kind.LIBRARY) and not _ACTING_METHOD.search(attribute)
        return Kind.METHOD if is_quiet else Kind.FUNCTION
    if kind in (Kind.DATA, Kind.LIBRARY):
        return kind
    if owner is Kind.LIBRARY and _is_computing_method(module, name, attribute):
        return Kind.LIBRARY
    # Python 3.11 writes members of an enum so.
    is_constant = attribute.isupper() and owner in (Kind.DATA, Kind.LIBRARY, Kind.CLASS)
    return owner if is_constant else Kind.FUNCTION


def _is_computing_method(module: str, name: str, attribute: str) -> bool:
    harmless = _METHODS.get(library_of(module, name) or module.partition(".")[0])
    return harmless is not None and harmless.fullmatch(attribute) is not None
