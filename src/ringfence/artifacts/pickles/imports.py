"""The opcodes that import: each name is noted in `Seen`, and nothing is imported.

Their arguments and results are those of all functions in `opcodes`.

Source: CPython's Modules/_pickle.c.
"""

from typing import Final

from ringfence.artifacts.pickles.items import MARK, Global, Made
from ringfence.artifacts.pickles.kinds import KINDS, NUMBERS_KEPT, STATES_KEPT
from ringfence.artifacts.pickles.names import python3_name
from ringfence.artifacts.pickles.stack_machine import StackMachine
from ringfence.core.limits import LIMITS

__all__ = ["extension", "global_", "line_global", "persistent", "persistent_line", "stack_global"]

_MODULE: Final = "module"
_SHORT_TEXT: Final = 0x8C
_GET: Final = ord("h")
_MEMOIZE: Final = b"\x94"
_BUILDS_NAMES: Final = 3  # the first protocol whose names are Python 3's
_EXTENSION_WIDTHS: Final = {0x82: 1, 0x83: 2, 0x84: 4}


def global_(machine: StackMachine, i: int, at: int) -> int:
    """GLOBAL: a module and a name, each on a line."""
    found, end = line_global(machine, at)
    machine.stack.append(found)
    return i + end - at


def line_global(machine: StackMachine, at: int) -> tuple[Global, int]:
    """What the two lines behind the opcode name, and where the next opcode lies."""
    literals = machine.literals
    module_end = literals.line_end(at + 1)
    name_end = literals.line_end(module_end + 1)
    module, name = literals.line(at + 1, module_end), literals.line(module_end + 1, name_end)
    return _import(machine, module, name, at), name_end + 1


def stack_global(machine: StackMachine, i: int, at: int) -> int:
    """STACK_GLOBAL: a module and a name from the stack."""
    name, module = machine.stack.pop(), machine.stack.pop()
    found = _written_out(machine, module, name, i)
    if found is None:
        machine.seen.written_out = False
        found = machine.literals.text(module), machine.literals.text(name)
    machine.stack.append(_import(machine, *found, at))
    return i + 1


def _written_out(
    machine: StackMachine, module: object, name: object, i: int
) -> tuple[str | None, str | None] | None:
    """Both texts where they stand right before the opcode, or the module's is got from the memo there, as
    nearly always.
    """
    window, base = machine.tape.window, machine.tape.base
    if type(module) is not int or type(name) is not int or module < base or name < base + 2:
        return None
    first, second = module - base, name - base
    after = _behind_text(window, first)
    is_got = window[second - 2] == _GET and machine.memo.get(window[second - 1]) == module
    if _behind_text(window, second) != i or not (after == second or (is_got and after)):
        return None
    try:
        return window[first + 2 : after - 1].decode(), window[second + 2 : i - 1].decode()
    except UnicodeDecodeError:
        return None


def _behind_text(window: bytes, i: int) -> int:
    """Where the opcode behind a short text and its MEMOIZE begins; 0 where there is none."""
    end = i + 2 + window[i + 1]
    return end + 1 if window[i] == _SHORT_TEXT and window[end : end + 1] == _MEMOIZE else 0


def _import(machine: StackMachine, module: str | None, name: str | None, at: int) -> Global:
    if module is None or name is None:
        machine.seen.odd(at, "imports something whose name is computed or no text", serious=True)
    elif not _could_be_imported(module, name):
        machine.seen.odd(at, "imports something that no code can be called", serious=True)
    module, name = module or "", name or ""
    if machine.protocol < _BUILDS_NAMES:
        machine.seen.written_out = False
        module, name = python3_name(module, name)
    found = machine.seen.imported(module, name, at)
    if found.runs_text or (found.keeps and found.name == "NumpyArrayWrapper" and machine.with_arrays):
        machine.kinds = STATES_KEPT
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


# Bytes
