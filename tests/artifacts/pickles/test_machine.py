"""The machine against the two that exist: the C unpickler, and the standard library's list of opcodes.

The C unpickler only ever gets streams that were made here, or that hold nothing but inert classes.
"""

import collections
import contextlib
import datetime
import enum
import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.pickles.machine import Machine
from ringfence.artifacts.pickles.names import python3_name
from ringfence.artifacts.pickles.seen import Seen
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict


class Thing:
    """With attributes in __dict__."""

    def __init__(self, value: object) -> None:
        self.value = value


class Slotted:
    """With attributes in slots."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        return None, {"value": self.value}


class Bag(list):  # type: ignore[type-arg]
    """A list with a state."""


class Table(dict):  # type: ignore[type-arg]
    """A dictionary of another class."""


class Keyworded:
    """Made with keyword arguments: NEWOBJ_EX."""

    def __new__(cls, *, value: object) -> "Keyworded":
        made = super().__new__(cls)
        made.value = value  # type: ignore[attr-defined]
        return made

    def __reduce_ex__(self, protocol: int) -> Any:
        # Older protocols have no such opcode, and write a call of functools.partial.
        return super().__reduce_ex__(protocol) if protocol >= 4 else (Thing, (None,))

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, object]]:
        return (), {"value": self.value}  # type: ignore[attr-defined]


class Colour(enum.Enum):
    """A value of an enumeration."""

    RED = 1


Pair = collections.namedtuple("Pair", "left right")


def bag(items: list[object]) -> Bag:
    made = Bag(items)
    made.label = "bag"  # type: ignore[attr-defined]
    return made


def recursive(items: list[object]) -> list[object]:
    items.append(items)
    items.append({"self": items})
    return items


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.binary(max_size=300),
    st.binary(max_size=20).map(bytearray),
    st.complex_numbers(allow_nan=False),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.datetimes(),
    st.timedeltas(),
    st.sampled_from([range(3), Thing, Colour.RED, len, datetime.UTC]),
)
HASHED = st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=5) | st.tuples(st.integers())


# A list of values, and a dictionary of them, to anything that holds values.
HOLDERS: tuple[Callable[[list[object], dict[object, object]], object], ...] = (
    lambda items, _: items,
    lambda items, _: tuple(items),
    lambda items, _: [items, items, (items,)],
    lambda items, _: recursive(items),
    lambda items, _: collections.deque(items),
    lambda items, _: bag(items),
    lambda items, _: Thing(items),
    lambda items, _: Slotted(items),
    lambda items, _: Keyworded(value=items),
    lambda items, _: Pair(items, items),
    lambda _, entries: entries,
    lambda _, entries: Table(entries),
    lambda _, entries: collections.OrderedDict(entries),
    lambda _, entries: set(entries),
    lambda _, entries: frozenset(entries),
)


@st.composite
def containers(draw: st.DrawFn, inner: st.SearchStrategy[object]) -> object:
    items = draw(st.lists(inner, max_size=5))
    entries = dict(zip(draw(st.lists(HASHED, max_size=5)), items, strict=False))
    return draw(st.sampled_from(HOLDERS))(items, entries)


VALUES = st.recursive(ATOMS, containers, max_leaves=20)
WRITERS: dict[str, Callable[[object, int], bytes]] = {
    "C": lambda value, protocol: pickle.dumps(value, protocol=protocol),
    "Python": lambda value, protocol: pickle._dumps(value, protocol=protocol),  # type: ignore[attr-defined]
    "optimised": lambda value, protocol: pickletools.optimize(pickle.dumps(value, protocol=protocol)),
}


class Inert:
    """In the place of every class and function: does nothing, whatever is done to it."""

    calls: list[tuple[str, str]]
    path: tuple[str, str]

    def __new__(cls, *_args: object, **_named: object) -> "Inert":
        cls.calls.append(cls.path)
        return super().__new__(cls)

    def __init__(self, *_args: object, **_named: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass

    def __setitem__(self, _key: object, _value: object) -> None:
        pass

    def append(self, _item: object) -> None:
        pass

    def extend(self, _items: object) -> None:
        pass

    def add(self, _item: object) -> None:
        pass


class Recording(pickle.Unpickler):
    """The C unpickler with inert classes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.protocol = data[1] if data[:1] == b"\x80" else 0
        self.imports: dict[tuple[str, str], Any] = {}
        self.calls: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> Any:
        path = python3_name(module, name) if self.protocol < 3 else (module, name)
        inert = type("One", (Inert,), {"calls": self.calls, "path": path})
        return self.imports.setdefault(path, inert)

    def persistent_load(self, _pid: object) -> None:
        return None


def walked(data: bytes) -> tuple[Machine, Seen, tuple[int, bool]]:
    seen = Seen(lambda _module, _name: True)
    machine = Machine(Reader.of_bytes(data, budget=judging_budget()), seen)
    return machine, seen, machine.pickle(0)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
@given(value=VALUES, protocol=st.integers(0, 5))
@settings(deadline=None, max_examples=120)
def test_it_imports_and_calls_what_the_c_unpickler_does(
    write: Callable[[object, int], bytes], value: object, protocol: int
) -> None:
    data = write(value, protocol)
    machine, seen, ended = walked(data)
    real = Recording(data)
    real.load()
    assert (ended, seen.anomalies) == ((len(data), True), {})
    assert list(seen.imports) == list(real.imports)
    called = {(use.module, use.name) for use in seen.uses.values()}
    assert set(real.calls) <= called
    if ("copyreg", "_reconstructor") not in real.calls:  # which is given a class, and calls it
        handed_on = {path for path in called if path not in real.calls}
        assert all(
            " handed to " in use.shown for use in seen.uses.values() if (use.module, use.name) in handed_on
        )
    assert (machine.stack[1:], machine.marks) == ([], [])


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
@given(value=VALUES, protocol=st.integers(0, 5))
@settings(deadline=None, max_examples=80)
def test_it_finds_opcodes_where_the_standard_library_does(
    write: Callable[[object, int], bytes], value: object, protocol: int
) -> None:
    data = write(value, protocol)
    machine, seen, _ = walked(data)
    opcodes = [(opcode.name, at) for opcode, _, at in pickletools.genops(data)]
    kept = sum(name.endswith("PUT") or name == "MEMOIZE" for name, _ in opcodes)
    names = [at for name, at in opcodes if name.endswith("GLOBAL")]
    assert len(machine.memo) == kept
    assert [each.at for each in seen.imports.values()] == sorted(
        at for at in names if at in {each.at for each in seen.imports.values()}
    )
    assert len(seen.imports) <= len(names)


def verdict(data: bytes) -> Verdict:
    return judge(Reader.of_bytes(data, budget=judging_budget()), name="model.pkl").judgement.verdict


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(HASHED, inner, max_size=4) | st.tuples(inner, inner)
        | st.sets(HASHED, max_size=4)
    ),
    max_leaves=10,
)  # fmt: skip


@given(value=PLAIN, protocol=st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_cut_at_any_byte_it_is_never_clean(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol=protocol)
    assert verdict(data) == Verdict.CLEAN
    assert not [end for end in range(len(data)) if verdict(data[:end]) < Verdict.INCONCLUSIVE]


@pytest.mark.parametrize("line", [b" .0", b".0 ", b"1_0.0", b"\v1"])
def test_a_number_that_not_every_loader_reads_is_not_clean(line: bytes) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        Recording(b"F" + line + b"\n.").load()
    assert verdict(b"F" + line + b"\n.") >= Verdict.INCONCLUSIVE


@given(value=PLAIN, protocol=st.integers(0, 5), data=st.data())
@settings(deadline=None, max_examples=400)
def test_what_is_clean_after_a_bit_flipped_is_still_a_pickle(
    value: object, protocol: int, data: st.DataObject
) -> None:
    whole = bytearray(pickle.dumps(value, protocol=protocol))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    if verdict(bytes(whole)) == Verdict.CLEAN:
        with contextlib.suppress(TypeError):  # a list for a key
            Recording(bytes(whole)).load()
