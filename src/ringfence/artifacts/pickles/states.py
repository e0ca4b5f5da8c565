"""States that a library runs as code while it restores an object, compared with what honest programs write.

SciPy's distributions execute the text `_parse_arg_template` of their state: always the same template, filled
with the names of their parameters. The data of statsmodels' results evaluate `formula` when the state asks
for it. joblib's old wrappers open a file that their state names. Whatever else such a state holds is kept as
it is.

Source: `rv_generic.__setstate__` and `parse_arg_template` in scipy/stats/_distn_infrastructure.py, versions
1.3 to 1.17; `ModelData.__setstate__` in statsmodels/base/data.py, versions 0.10 to 0.15; patsy's builtins.
"""

import re
import unicodedata
from typing import Final

from ringfence.artifacts.pickles.items import Global, Made, State
from ringfence.artifacts.pickles.literals import Literals
from ringfence.core.patterns import pattern

__all__ = ["OPENS", "WANTED", "flaw"]

# joblib's wrappers until version 0.9, whose array is in a file beside the pickle.
OPENS: Final = frozenset(("NDArrayWrapper", "ZNDArrayWrapper"))

_TEMPLATE: Final = "_parse_arg_template"
_FORMULA: Final = "formula"
_FILE: Final = "filename"
_RESTORES: Final = ("restore_design_info", "restore_model_spec")
# The entries of a state that anything here or in `arrays` looks at.
WANTED: Final = frozenset(
    {_TEMPLATE, _FORMULA, _FILE, *_RESTORES, "dtype", "shape", "numpy_array_alignment_bytes"}
)
_TEXT_BYTES: Final = 4_000
_SHAPES: Final = r"(?P<shapes>(?:[A-Za-z_][A-Za-z0-9_]*, ){0,32})"
_HONEST_TEMPLATE: Final = pattern(
    r"\n?def _parse_args\(self, " + _SHAPES + r" (?P<into>loc=0(?P<scale>, scale=1)?)\):\n"
    r"    return \((?P=shapes)\), (?P<out>loc, (?(scale)scale|1))\n"
    r"\n"
    r"def _parse_args_rvs\(self, (?P=shapes) (?P=into), size=None\):\n"
    r"    return self\._argcheck_rvs\((?P=shapes) (?P=out), size=size\)\n"
    r"\n"
    r"def _parse_args_stats\(self, (?P=shapes) (?P=into), moments='mv'\):\n"
    r"    return \((?P=shapes)\), (?P=out), moments\n"
)
_WORD: Final = pattern(r"(?P<word>[^\W\d][\w.]*+)(?P<called>\s*+\()?")
_PLAIN_FORMULA: Final = pattern(r"[\w\s+*:~()^/|,.=<>!-]*")
_QUOTED: Final = pattern(r"'[\w\s.,:<>=+*/-]{0,200}+'|\"[\w\s.,:<>=+*/-]{0,200}+\"")
_TRANSFORMS: Final = {
    *("C", "I", "Q", "bs", "cr", "cc", "te", "center", "scale", "standardize"),
    *("Treatment", "Sum", "Poly", "Diff", "Helmert"),
}
_COMPUTES: Final = pattern(
    r"(?:np|numpy)\.(?:log|log1p|log2|log10|exp|expm1|sqrt|square|power|abs|absolute|sin|cos|tan|tanh|sign"
    r"|minimum|maximum|clip)"
)


def flaw(of: Global, state: object, literals: Literals) -> str | None:
    """What such an object would run of its state and no honest program writes; None when nothing."""
    if of.name in OPENS:
        return _elsewhere(state, literals)
    if not of.module.startswith("scipy."):
        return _odd_formula(state, literals)
    if isinstance(state, tuple) and len(state) == 2 and type(state[0]) is State:
        # Until version 1.5: the constructor's arguments, which it checks, and a random state.
        return _old_state(state[0], state[1])
    if type(state) is not State:
        return "a state that is no dictionary"
    text = literals.text(state.entries.get(_TEMPLATE), max_bytes=_TEXT_BYTES)
    if why := _known(state):
        return why
    if text is None:
        return f"a state whose {_TEMPLATE} is no text"
    return None if _HONEST_TEMPLATE.fullmatch(text) else text or "an empty text"


def _elsewhere(state: object, literals: Literals) -> str | None:
    """The name of a file that does not lie beside the pickle."""
    if type(state) is not State:
        return "a state that is no dictionary"
    if why := _known(state):
        return why
    name = literals.text(state.entries.get(_FILE), max_bytes=_TEXT_BYTES)
    if name is None:
        return "a file whose name is no text"
    return f"opens {name}" if re.search(r"[/\\:]|^~|^\.\.?$", name) else None


def _known(state: State) -> str | None:
    return "a state whose keys are computed or stand there twice" if state.is_unsure else None


def _old_state(arguments: State, random: object) -> str | None:
    """Newer versions take such a pair for a dictionary's items, where these could name the text."""
    if why := _known(arguments):
        return why
    is_random = random is None or (
        type(random) is Made and random.of is not None and random.of.module.startswith("numpy.random")
    )
    if _TEMPLATE in arguments.entries or not is_random:
        return "a state that is no honest pair"
    return None


def _odd_formula(state: object, literals: Literals) -> str | None:
    if type(state) is not State:
        return "a state that is no dictionary"
    if why := _known(state):
        return why
    if not any(name in state.entries for name in _RESTORES):
        return None
    formula = literals.text(state.entries.get(_FORMULA), max_bytes=_TEXT_BYTES)
    if formula is None:
        return "a formula that is no text"
    return None if _is_plain(formula) else formula or "an empty text"


def _is_plain(formula: str) -> bool:
    """Whether it names columns and calls nothing but what computes with them."""
    rest = _QUOTED.sub("1", formula)
    if unicodedata.normalize("NFKC", rest) != rest:  # Python reads other letters as these
        return False
    if _PLAIN_FORMULA.fullmatch(rest) is None or "__" in rest or re.search(r"\)\s*[.(]", rest):
        return False
    for found in _WORD.finditer(rest):
        word = found["word"]
        if found["called"]:
            if word not in _TRANSFORMS and _COMPUTES.fullmatch(word) is None:
                return False
        elif "." in word:
            return False
    return True
