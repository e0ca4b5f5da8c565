"""What a file format is to ringfence: a name, a way to recognise it, a reader of its header, and a judge."""

from collections.abc import Callable, Iterator

from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact

__all__ = ["WEIGHTS_BEHAVIOUR", "Child", "Format", "Inside", "Judge"]

WEIGHTS_BEHAVIOUR = "what the weights make a model do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A range of the file that is a file of its own. The dispatcher examines it; formats do not."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A file within the file, for the dispatcher to judge: an archive's member, a template in a header."""

    name: str  # as its container calls it, which is foreign text; the last part and its suffix count as hints
    reader: Reader  # made with the container's budget: `part`, or `of_bytes(…, budget=reader.budget)`
    at: int | None  # where its bytes begin in the container; None where they are inflated or decoded
    judge: "Judge | None" = None  # where loaders take it for something whatever it looks like


Judge = Callable[[Reader], Iterator[Spotted | Problem | Inside | Fact]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Format:
    """One file format.

    `sniff` decides by content alone and may raise `Malformed`, which counts as no. `read` yields facts,
    problems and children in file order and may end with `Malformed`; what it yielded before stands. `judge`
    yields what the content would do, what is wrong with it, and the files within; it may end in the same way.
    Where it walked all that `read` would, it may yield all facts as well, and nobody reads the header again.
    """

    name: str  # as in files[].format, e.g. gguf
    title: str  # for people, e.g. "GGUF (llama.cpp)"
    suffixes: tuple[str, ...]  # lowercase, with the dot: such files are looked at whatever their size
    sniff: Callable[[Reader], bool]
    read: Callable[[Reader], Iterator[Fact | Problem | Child]]
    # `sniff` says no to what begins with none of these, and is not asked; None: it looks elsewhere.
    starts: tuple[bytes, ...] | None = None
    holds_anything: bool = False  # arrays, tables or objects of any program: perhaps a model, perhaps not
    # A weaker or dearer test, asked only for files with one of the suffixes or names.
    sniff_named: Callable[[Reader], bool] | None = None
    names: tuple[str, ...] = ()  # lowercase file names for which `sniff_named` is asked as well
    written_as: tuple[str, ...] = ()  # everyday suffixes that it honestly has, e.g. .json; not looked for
    judge: Judge | None = None  # None: nothing here knows what such a file may do, which is never clean
    judges_structure: bool = False  # `judge` walks all of it: problems that `read` finds do not count
    leaves_out: tuple[str, ...] = (WEIGHTS_BEHAVIOUR,)  # what a verdict says nothing about
