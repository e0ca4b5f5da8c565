"""The opcodes that call, build and change: what they would do is noted in `Seen`, and nothing is done.

Their arguments and results are those of all functions in `opcodes`. What is handed to something that may call
it counts as called. joblib writes an array's bytes behind the opcode that builds its wrapper; they are
stepped over by their length.

Source: CPython's Modules/_pickle.c and Lib/copyreg.py; joblib/numpy_pickle.py.
"""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.pickles import arrays, states
from ringfence.artifacts.pickles.contents import (
    Content,
    looks_like_file,
    looks_like_pickle,
    looks_like_program,
)
from ringfence.artifacts.pickles.imports import line_global
from ringfence.artifacts.pickles.items import MARK, Global, Made, Plain, State, tuple_of
from ringfence.artifacts.pickles.seen import PLAIN_TYPES, How, Use
from ringfence.artifacts.pickles.stack_machine import StackMachine
from ringfence.artifacts.pickles.tape import Broken
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["build", "changed", "inst", "look_into", "new", "obj", "put_named", "reduce"]

_SHORTEST_FILE_BYTES: Final = 4  # no shorter pickle names anything
_NEWOBJ_EX: Final = 0x92
_LOADER: Final = ("torch.storage", "_load_from_bytes")
_GETATTR: Final = ("builtins", "getattr")
_PARTIAL: Final = ("functools", "partial")
_LOGGER: Final = ("logging", "getLogger")
_ORDERED: Final = ("collections", "OrderedDict")
_NEWOBJ: Final = ("copyreg", "__newobj__")
# What makes an object of the class that it is given.
_MAKERS: Final = (_NEWOBJ, ("copyreg", "__newobj_ex__"), ("copyreg", "_reconstructor"))
# What finds a type by a name. Types of code stay what such a call returned.
_TYPES_BY_NAME: Final = {
    ("cloudpickle.cloudpickle", "_builtin_type"), ("dill._dill", "_load_type"),
}  # fmt: skip
# What is given a class or an attribute's owner and calls neither as a function.
_CALLS_NOTHING: Final = {
    _GETATTR, ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
}  # fmt: skip
# What calls one of its arguments with others: honest pickles name a function there, and make none.
_CALLERS: Final = {
    ("torch._tensor", "_rebuild_from_type"): 0, ("torch._tensor", "_rebuild_from_type_v2"): 0,
    ("torch.tensor", "_rebuild_from_type"): 0,
    ("numpy.random._pickle", "__generator_ctor"): 1, ("numpy.random._pickle", "__randomstate_ctor"): 1,
}  # fmt: skip
_PICKS: Final = {"builtins", "operator", "_operator", "numpy"}
_CALLABLE_ARRAYS: Final = {"_ufunc_reconstruct", "poly1d", "vectorize", "getattr"}
# Attributes of an object itself that the unpickler or the object's own class calls, unseen.
_CALLED_UNSEEN: Final = {
    *("append", "extend", "add", "update", "keys", "items"),
    *("__setstate__", "__getstate__", "__reduce__", "__reduce_ex__", "__class__", "__dict__", "__new__"),
    *("__init__", "__del__", "__call__", "__getattr__", "__getattribute__", "__setattr__", "__getitem__"),
    *("__setitem__", "__iter__", "__next__", "__len__", "__hash__", "__eq__", "__bool__", "__index__"),
    *("__int__", "__float__", "__str__", "__repr__", "__format__", "__enter__", "__exit__", "__array__"),
    *("__array_interface__", "__array_struct__", "__array_finalize__"),
}
_TEXT_MAKERS: Final = {"str", "chr", "max", "min", "sum", "add", "concat", "mul", "mod"}


def reduce(machine: StackMachine, i: int, at: int) -> int:
    """REDUCE: calls anything with a tuple of arguments."""
    arguments, function = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(_call(machine, How.CALL, function, arguments, at))
    return i + 1


def new(machine: StackMachine, i: int, at: int) -> int:
    """NEWOBJ, NEWOBJ_EX: makes an object of a class without calling its __init__."""
    if machine.tape.window[i] == _NEWOBJ_EX and machine.stack.pop() is MARK:  # keyword arguments
        raise IndexError
    arguments, cls = machine.stack.pop(), machine.stack.pop()
    if type(cls) is Global and cls.is_noted and arguments == ():  # as nearly always
        machine.stack.append(cls.made)
        return i + 1
    made = _call(machine, How.NEW, cls, arguments, at)
    if type(cls) is Global:
        cls.is_noted |= arguments == () and made is cls.made
    machine.stack.append(made)
    return i + 1


def obj(machine: StackMachine, i: int, at: int) -> int:
    """OBJ: calls what lies above the mark with what follows it."""
    items = machine.take_marked()
    arguments = tuple_of(items[1 : 1 + LIMITS.pickle_arguments])
    machine.stack.append(_call(machine, How.INSTANCE, items[0], arguments, at))
    return i + 1


def inst(machine: StackMachine, i: int, at: int) -> int:
    """INST: imports what two lines name, and calls it with everything above the mark."""
    found, end = line_global(machine, at)
    arguments = tuple_of(machine.take_marked()[: LIMITS.pickle_arguments])
    machine.stack.append(_call(machine, How.INSTANCE, found, arguments, at))
    return i + end - at


def _call(machine: StackMachine, how: How, function: object, arguments: object, at: int) -> Made | Global:
    if arguments is MARK or function is MARK:
        raise IndexError
    if type(arguments) in (int, Plain, Made, Global):
        machine.seen.odd(at, "calls something with arguments that are no tuple")
    if type(function) is Made:
        function, arguments = _of_partial(function) or (function, arguments)
    if type(function) is not Global:
        machine.seen.odd(at, "calls something that is no import", serious=True)
        if type(function) is Made and function.of is not None and function.of.watched:
            _use(machine, how, function.of, arguments, at)
        return Made(None, None)
    what = (function.module, function.name)
    if what in _MAKERS:
        if function.watched:
            _use(machine, how, function, arguments, at)
        return _made(machine, what, arguments, at)
    if function.watched and not _loads(machine, function, arguments):
        _use(machine, how, function, arguments, at)
    called = arguments[_CALLERS[what] :][:1] if what in _CALLERS and isinstance(arguments, tuple) else ()
    if called and type(called[0]) is Made:
        machine.seen.odd(at, "has something called that is no import", serious=True)
    if what == _PARTIAL and isinstance(arguments, tuple) and arguments and _finds_methods(arguments[0]):
        machine.seen.odd(at, "keeps a call of what finds methods by their names", serious=True)
    if what not in _CALLS_NOTHING and not (function.watched and what != _PARTIAL):
        _handed_on(machine, function, arguments, at)
    return _result(machine, function, arguments, at)


def _result(machine: StackMachine, function: Global, arguments: object, at: int) -> Made | Global:
    """What the call returns, where that matters for what is done with it."""
    what = (function.module, function.name)
    if what == _GETATTR and (reached := _reached(machine, arguments, at)):
        return reached
    if what in _TYPES_BY_NAME and (named := machine.literals.texts(arguments)) and named[0] in PLAIN_TYPES:
        module = "types" if named[0] == "SimpleNamespace" else "builtins"
        return machine.seen.named(module, named[0], at)
    if not function.keeps or (what == _ORDERED and not arguments):
        return function.made
    made = Made(function, arguments)
    if function.name == "encode":
        look_into(machine, machine.literals.content(made))
    return made


def _finds_methods(item: object) -> bool:
    """Whether it is an object of scikit-learn, whose scorers and thresholds call methods by their names, or
    what a function may have picked out of a container."""
    if type(item) is not Made or item.of is None:
        return False
    top = item.of.module.partition(".")[0]
    is_class = item.of.name.lstrip("_")[:1].isupper() or item.of.name in _CALLABLE_ARRAYS
    return top == "sklearn" or (top in _PICKS and not is_class)


def _made(machine: StackMachine, what: tuple[str, str], arguments: object, at: int) -> Made | Global:
    """What copyreg's functions do: they make an object of the class that comes first."""
    given = arguments if isinstance(arguments, tuple) else ()
    first = given[0] if given else None
    if what == _MAKERS[1]:
        inner = given[1] if len(given) > 1 else None
        return _call(machine, How.NEW, first, inner, at)
    if what == _NEWOBJ:
        return _call(machine, How.NEW, first, given[1:], at)
    _handed_on(machine, Global(*what, at, watched=False), given[1:], at)  # a base that it calls __init__ of
    return _call(machine, How.NEW, first, (), at)


def _of_partial(function: Made) -> tuple[object, object] | None:
    """Protocols 2 and 3 make some objects by a partial `cls.__new__`, which they call with nothing."""
    first = function.arguments[:1] if isinstance(function.arguments, tuple) else ()
    if function.of is None or (function.of.module, function.of.name) != _PARTIAL or not first:
        return None
    if type(first[0]) is not Global or (first[0].module, first[0].name) != _NEWOBJ:
        return None
    state = function.state
    given = state[1] if isinstance(state, tuple) and len(state) > 1 else function.arguments
    return first[0], given


def _handed_on(machine: StackMachine, to: Global, arguments: object, at: int) -> None:
    """Imports among the arguments of something harmless: it may call them."""
    for each in _globals(arguments):
        if each.watched and not each.name.rpartition(".")[2].isupper():  # a constant of an enumeration
            shown = clip(f" handed to {to.module}.{to.name}", chars=LIMITS.evidence_chars)
            machine.seen.used(
                Use(how=How.CALL, module=each.module, name=each.name, at=at, shown=shown, texts=())
            )


def _globals(item: object) -> Iterator[Global]:
    for each in item if isinstance(item, tuple) else ():
        if type(each) is Global:
            yield each
        elif type(each) is tuple:  # no deeper ones are kept
            yield from (inner for inner in each if type(inner) is Global)


def _reached(machine: StackMachine, arguments: object, at: int) -> Global | None:
    """What an attribute of an import is: the same as the dotted name that newer protocols have for it."""
    if not isinstance(arguments, tuple) or len(arguments) != 2 or type(arguments[0]) is not Global:
        return None
    of, attribute = arguments[0], machine.literals.text(arguments[1])
    if not attribute:
        return None
    if attribute == "__new__":
        return Global(*_NEWOBJ, at, watched=False)
    return machine.seen.named(of.module, f"{of.name}.{attribute}", at)


def _loads(machine: StackMachine, function: Global, arguments: object) -> bool:
    """Whether it is a loader of bytes that are in the file, which are judged as a file then."""
    if (function.module, function.name) != _LOADER:
        return False
    first = arguments[0] if isinstance(arguments, tuple) and arguments else None
    content = machine.literals.content(first)
    if content is not None:
        machine.seen.holds(content, machine.seen.loaded)
    return content is not None


def _use(machine: StackMachine, how: How, of: Global, arguments: object, at: int) -> None:
    shown, texts = machine.literals.shown(arguments)
    if machine.seen.holds_code(of.module, of.name):
        texts = machine.literals.texts(arguments)  # what the code names is far behind the first ones
    machine.seen.used(Use(how=how, module=of.module, name=of.name, at=at, shown=shown, texts=texts))


def changed(machine: StackMachine, target: Global, at: int) -> None:
    """Items or a state were put into what was imported itself."""
    _use(machine, How.CHANGE, target, None, at)


def put_named(machine: StackMachine, items: list[object], at: int) -> None:
    """Keys and values are put into a dictionary, which may become an object's attributes."""
    for at_value, value in enumerate(items[1::2]):
        if isinstance(value, Global):
            of: Global | None = value
        elif isinstance(value, Made) and (value.of is None or not value.of.is_plain):
            of = value.of
        else:
            continue
        key = items[2 * at_value]
        is_known = of is not None and of.is_plain
        text = machine.literals.text(key)
        if text in _CALLED_UNSEEN and not (is_known and not text.startswith("__")):
            machine.seen.odd(at, "puts an import where it is called unseen", serious=True)
        elif type(key) is Made and not is_known and key.of is not None and key.of.name in _TEXT_MAKERS:
            machine.seen.odd(at, "puts an import under a name that is computed", serious=True)


def build(machine: StackMachine, i: int, at: int) -> int:
    """BUILD: gives an object its state, by __setstate__ or into its __dict__."""
    state, target = machine.stack.pop(), machine.stack[-1]
    if state is MARK or target is MARK:
        raise IndexError
    if type(target) is Global:
        changed(machine, target, at)
    elif type(target) is not Made:
        machine.seen.odd(at, "gives a state to something that has none")
    else:
        if target.of is not None and (target.of.module, target.of.name) == _LOGGER:
            changed(machine, target.of, at)  # one that is there already, and that others write to
        if _is_computed(state):
            machine.seen.odd(at, "gives a state that is computed", serious=True)
        if target.of is not None and target.of.keeps:
            return i + _keep_state(machine, target, target.of, state, at) - at
    return i + 1


def _is_computed(state: object) -> bool:
    """Whether it is a dictionary that a call makes: nobody sees what it would call."""
    if type(state) is not Made or state.of is None:
        return False
    given = state.arguments
    match state.of.module, state.of.name:
        case "builtins", "dict":
            return True
        case "collections", "OrderedDict":
            return bool(given)
        case "collections", "defaultdict":
            return isinstance(given, tuple) and len(given) > 1
    return False


def _keep_state(machine: StackMachine, target: Made, of: Global, state: object, at: int) -> int:
    """Where the pickle goes on behind the object that got its state."""
    target.state = state
    if (of.module, of.name) == _PARTIAL and not _same_first(state, target.arguments):
        machine.seen.odd(at, "gives a partial function another function", serious=True)
    if of.runs_text and (why := states.flaw(of, state, machine.literals)):
        shown = clip(why, chars=LIMITS.evidence_chars)
        machine.seen.used(
            Use(how=How.STATE, module=of.module, name=of.name, at=at, shown=shown, texts=(why,))
        )
    if of.name == "NumpyArrayWrapper" and machine.with_arrays and type(state) is State:
        return _behind_array(machine, state, at + 1)
    return at + 1


def _same_first(one: object, other: object) -> bool:
    return isinstance(one, tuple) and isinstance(other, tuple) and one[:1] == other[:1] != ()


def _behind_array(machine: StackMachine, state: State, at: int) -> int:
    """Where the pickle goes on behind the array whose bytes begin at `at`."""
    found = arrays.extent(state, machine.literals, at)
    if found is None or (not found.is_object and found.end > machine.tape.size):
        machine.seen.odd(at, "how long joblib's array is cannot be told")
        return at
    if machine.tape.frame_end == at:  # joblib ends the frame before it writes an array's bytes
        machine.tape.frame_end = None
    machine.seen.arrays += 1
    machine.stack[-1] = None
    if not found.is_object:
        return found.end
    end, complete = machine.inner().pickle(at)
    if not complete:
        raise Broken("the pickle of an array of objects does not end")
    return end


# Bytes


def look_into(machine: StackMachine, content: Content | None) -> None:
    """Notes bytes that look like a file, to be looked at when this pickle is done."""
    if content is None or content.size_bytes < _SHORTEST_FILE_BYTES:
        return
    try:
        head = content.head()
    except Malformed as wrong:
        if wrong.problem.kind is ProblemKind.OVER_LIMIT:
            raise
        return
    seen = machine.seen
    if looks_like_pickle(head):
        seen.holds(content, seen.pickled)
    elif looks_like_file(head, content.size_bytes):
        seen.holds(content, seen.files)
    elif looks_like_program(head, content.size_bytes):
        seen.holds(content, seen.programs)
