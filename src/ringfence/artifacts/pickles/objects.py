"""The opcodes that import, call and build: what they would do is noted in `Seen`, and nothing is done.

Their arguments and results are those of all functions in `opcodes`. joblib writes an array's bytes behind the
opcode that builds its wrapper; they are stepped over by their length.

Source: CPython's Modules/_pickle.c; joblib/numpy_pickle.py.
"""

from typing import Final

from ringfence.artifacts.pickles import arrays
from ringfence.artifacts.pickles.contents import (
    Content,
    looks_like_file,
    looks_like_pickle,
    looks_like_program,
)
from ringfence.artifacts.pickles.items import MARK, Global, Made, Plain, State, tuple_of
from ringfence.artifacts.pickles.kinds import KINDS, NUMBERS_KEPT, WITH_ARRAYS
from ringfence.artifacts.pickles.names import python3_name
from ringfence.artifacts.pickles.seen import How, Use
from ringfence.artifacts.pickles.stack_machine import StackMachine
from ringfence.artifacts.pickles.tape import Broken
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS

__all__ = [
    "build",
    "changed",
    "extension",
    "global_",
    "inst",
    "look_into",
    "new",
    "obj",
    "persistent",
    "persistent_line",
    "reduce",
    "stack_global",
]

_SHORTEST_FILE_BYTES: Final = 4  # no shorter pickle names anything
_LOADER: Final = ("torch.storage", "_load_from_bytes")
_MODULE: Final = "module"
_GETATTR: Final = ("builtins", "getattr")
_PARTIAL: Final = ("functools", "partial")
_BUILDS_NAMES: Final = 3  # the first protocol whose names are Python 3's
_EXTENSION_WIDTHS: Final = {0x82: 1, 0x83: 2, 0x84: 4}
_NEWOBJ_EX: Final = 0x92


# Names


def global_(machine: StackMachine, i: int, at: int) -> int:
    """GLOBAL: a module and a name, each on a line."""
    found, end = _line_global(machine, at)
    machine.stack.append(found)
    return i + end - at


def _line_global(machine: StackMachine, at: int) -> tuple[Global, int]:
    literals = machine.literals
    module_end = literals.line_end(at + 1)
    name_end = literals.line_end(module_end + 1)
    module, name = literals.line(at + 1, module_end), literals.line(module_end + 1, name_end)
    return _import(machine, module, name, at), name_end + 1


def stack_global(machine: StackMachine, i: int, at: int) -> int:
    """STACK_GLOBAL: a module and a name from the stack."""
    name, module = machine.stack.pop(), machine.stack.pop()
    text = machine.literals.text
    machine.stack.append(_import(machine, text(module), text(name), at))
    return i + 1


def _import(machine: StackMachine, module: str | None, name: str | None, at: int) -> Global:
    if module is None or name is None:
        machine.seen.odd(at, "imports something whose name is computed or no text", serious=True)
    elif not _could_be_imported(module, name):
        machine.seen.odd(at, "imports something that no code can be called", serious=True)
    module, name = module or "", name or ""
    if machine.protocol < _BUILDS_NAMES:
        module, name = python3_name(module, name)
    found = machine.seen.imported(module, name, at)
    if found.keeps and found.name == "NumpyArrayWrapper" and machine.with_arrays:
        machine.kinds = WITH_ARRAYS
    elif (found.keeps or found.watched) and machine.kinds is KINDS:
        machine.kinds = NUMBERS_KEPT
    return found


def _could_be_imported(module: str, name: str) -> bool:
    return module.isprintable() and " " not in module and all(map(str.isidentifier, name.split(".")))


def extension(machine: StackMachine, i: int, at: int) -> int:
    """EXT1, EXT2, EXT4: a number that stands for a name in the registry of whoever loads it."""
    width = _EXTENSION_WIDTHS[machine.tape.window[i]]
    code = machine.tape.number(i, width)
    if len(machine.seen.extensions) < LIMITS.evidence_items:
        machine.seen.extensions.setdefault(code, at)
    machine.stack.append(Global("", f"extension {code}", at, watched=False))
    return i + 1 + width


def persistent(machine: StackMachine, i: int, at: int) -> int:
    """BINPERSID: an item that only the program that wrote it can turn into something."""
    item = machine.stack.pop()
    if item is MARK:
        raise IndexError
    first = item[0] if type(item) is tuple and item else item
    word = machine.literals.text(first) or ""
    _persistent(machine, word, at)
    if word == _MODULE and isinstance(item, tuple) and len(item) > 1 and type(item[1]) is Global:
        machine.stack[-1] = item[1]  # PyTorch before 1.6 writes a class with its source so, to compare it
    return i + 1


def persistent_line(machine: StackMachine, i: int, at: int) -> int:
    """PERSID: the same with a line of text."""
    end = machine.literals.line_end(at + 1)
    _persistent(machine, machine.literals.line(at + 1, end) or "", at)
    return i + end + 1 - at


def _persistent(machine: StackMachine, word: str, at: int) -> None:
    if len(machine.seen.persistent) < LIMITS.evidence_items:
        machine.seen.persistent.setdefault(word, at)
    machine.stack.append(Made(None, None))


# Calls


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
    machine.stack.append(_call(machine, How.INSTANCE, cls, arguments, at))
    return i + 1


def obj(machine: StackMachine, i: int, at: int) -> int:
    """OBJ: calls what lies above the mark with what follows it."""
    items = machine.take_marked()
    arguments = tuple_of(items[1 : 1 + LIMITS.pickle_arguments])
    machine.stack.append(_call(machine, How.INSTANCE, items[0], arguments, at))
    return i + 1


def inst(machine: StackMachine, i: int, at: int) -> int:
    """INST: imports what two lines name, and calls it with everything above the mark."""
    found, end = _line_global(machine, at)
    arguments = tuple_of(machine.take_marked()[: LIMITS.pickle_arguments])
    machine.stack.append(_call(machine, How.INSTANCE, found, arguments, at))
    return i + end - at


def _call(machine: StackMachine, how: How, function: object, arguments: object, at: int) -> Made | Global:
    if arguments is MARK or function is MARK:
        raise IndexError
    if type(arguments) in (int, Plain, Made, Global):
        machine.seen.odd(at, "calls something with arguments that are no tuple")
    if type(function) is not Global:
        machine.seen.odd(at, "calls something that is no import", serious=True)
        return Made(None, None)
    if function.watched and not _loads(machine, function, arguments):
        _use(machine, how, function, arguments, at)
    if (function.module, function.name) == _GETATTR and (reached := _reached(machine, arguments, at)):
        return reached
    if not function.keeps:
        return function.made
    made = Made(function, arguments)
    if function.name == "encode":
        look_into(machine, machine.literals.content(made))
    return made


def _reached(machine: StackMachine, arguments: object, at: int) -> Global | None:
    """What an attribute of an import is: the same as the dotted name that newer protocols have for it."""
    if not isinstance(arguments, tuple) or len(arguments) != 2 or type(arguments[0]) is not Global:
        return None
    of, attribute = arguments[0], machine.literals.text(arguments[1])
    if not attribute:
        return None
    name = f"{of.name}.{attribute}"
    return Global(of.module, name, at, watched=machine.seen.watched(of.module, name))


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
    machine.seen.used(Use(how=how, module=of.module, name=of.name, at=at, shown=shown, texts=texts))


def changed(machine: StackMachine, target: Global, at: int) -> None:
    """Items or a state were put into what was imported itself."""
    _use(machine, How.CHANGE, target, None, at)


def build(machine: StackMachine, i: int, at: int) -> int:
    """BUILD: gives an object its state, by __setstate__ or into its __dict__."""
    state, target = machine.stack.pop(), machine.stack[-1]
    if state is MARK or target is MARK:
        raise IndexError
    if type(target) is Global:
        changed(machine, target, at)
    elif type(target) is not Made:
        machine.seen.odd(at, "gives a state to something that has none")
    elif target.of is not None and target.of.keeps:
        target.state = state
        if (target.of.module, target.of.name) == _PARTIAL and not _same_first(state, target.arguments):
            machine.seen.odd(at, "gives a partial function another function", serious=True)
        if target.of.name == "NumpyArrayWrapper" and machine.with_arrays and type(state) is State:
            return i + _behind_array(machine, state, at + 1) - at
    return i + 1


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
