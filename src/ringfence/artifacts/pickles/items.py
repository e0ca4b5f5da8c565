"""What the machine's stack and memo hold instead of values.

An item is None (of no interest), an int (the offset of a literal, decoded when a name needs it), a small
tuple of items, one of the marks below, or an object that says where it came from.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

__all__ = ["DICT", "LIST", "MARK", "SET", "Global", "Made", "Plain", "State", "tuple_of"]


class Plain(Enum):
    """Containers that nothing is known of but what they are, and the mark that MARK leaves on the stack."""

    LIST = "list"
    DICT = "dictionary"
    SET = "set"
    MARK = "mark"


LIST: Final = Plain.LIST
DICT: Final = Plain.DICT
SET: Final = Plain.SET
MARK: Final = Plain.MARK


class Global:
    """Something that a pickle imports. One value for each name, so that a million calls cost nothing."""

    __slots__ = ("at", "is_noted", "is_plain", "keeps", "made", "module", "name", "runs_text", "watched")

    def __init__(self, module: str, name: str, at: int, *, watched: bool, runs_text: bool = False) -> None:
        self.module = module
        self.name = name
        self.at = at  # where it was first named
        self.watched = watched  # its calls are reported
        self.runs_text = runs_text  # of the state that its objects get
        self.keeps = runs_text or (module, name) in _KEPT
        self.is_plain = not (watched or self.keeps)  # neither its calls nor what they return matters
        self.is_noted = False  # that objects of it are made with nothing
        self.made = Made(self, None)


class Made:
    """What a call returned."""

    __slots__ = ("arguments", "of", "state")

    def __init__(self, of: Global | None, arguments: object) -> None:
        self.of = of
        self.arguments = arguments
        self.state: object = None


class State:
    """A dictionary, some entries of which matter: an array's length, or a text that is run."""

    __slots__ = ("entries", "is_unsure")

    def __init__(self) -> None:
        self.entries: dict[str, object] = {}
        self.is_unsure = False  # a key is computed, or one that matters was there already


# Arrays' lengths are read from the first two; what the others return is bytes that may be a file.
_KEPT = {
    ("numpy", "dtype"),
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("_codecs", "encode"),
    ("codecs", "encode"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),  # these two may be a state that is made of pairs
    ("copyreg", "__newobj__"),  # these three make objects of what they are given
    ("copyreg", "__newobj_ex__"),
    ("copyreg", "_reconstructor"),
    ("torch._tensor", "_rebuild_from_type"),  # these call one of their arguments
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("torch.tensor", "_rebuild_from_type"),
    ("numpy.random._pickle", "__generator_ctor"),
    ("numpy.random._pickle", "__randomstate_ctor"),
    ("logging", "getLogger"),  # gives what is there already, which a state changes
    ("functools", "partial"),  # its state may name another function than its arguments
}


def tuple_of(items: Iterable[object]) -> tuple[object, ...] | None:
    """The tuple without tuples of tuples of tuples: they would make of a small file a deep structure, and
    what they import is known without them. None when nothing in it is of interest.

    Raises:
        IndexError: a mark is among the items, which no loader takes over one.
    """
    kept = tuple(items)
    is_plain, is_deep = bool(kept), False
    for item in kept:
        if item is not None:
            is_plain = False
            if item is MARK:
                raise IndexError
            if type(item) is tuple and tuple in map(type, item):
                is_deep = True
    if is_deep:
        kept = tuple(None if type(item) is tuple and tuple in map(type, item) else item for item in kept)
    return None if is_plain else kept
