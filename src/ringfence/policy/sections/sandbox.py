"""A profile's `sandbox`: how much its box may use, and which variables it is given."""

from ringfence.core.actions import FieldKind
from ringfence.policy.rule import Tier
from ringfence.policy.sections.making import Maker
from ringfence.policy.sections.publishing import PUBLISH, published_of
from ringfence.policy.shapes.amounts import COUNT, DURATION, SIZE
from ringfence.policy.shapes.tables import Entry, Key, Table
from ringfence.policy.shapes.texts import YES_NO, Patterns, Word, Worded
from ringfence.policy.values import BOUNDS, Bound, Handed, Home, Recording, Sandbox, Switch

__all__ = ["SANDBOX", "sandbox_of"]

SANDBOX = Table(
    "sandbox",
    "What the agent's box may use. Of several documents and profiles that fit an agent the least holds.",
    (
        Key("memory", SIZE, "memory of all its processes; where the system counts none, of each"),
        Key("processes", COUNT, "processes and threads at one time"),
        Key("open_files", COUNT, "files that one process has open"),
        Key("file_size", SIZE, "how large one file may grow"),
        Key("cpu", DURATION, "processor time of one process"),
        Key("wall", DURATION, "how long the box may last"),
        Key("debug", YES_NO, "whether its programs may trace their own children, as debuggers do"),
        Key(
            "environment",
            Patterns((FieldKind.NAME,), may_be_none=True),
            "variables that it is handed; what looks secret only by its whole name",
        ),
        Key(
            "home",
            Word(Home),
            "`kept` from run to run for each agent and working tree, or `new` for each session; default: new",
        ),
        Key(
            "starts",
            Word(Recording),
            "programs that start in it: `recorded`, or `unrecorded`; default: recorded",
        ),
        PUBLISH,
    ),
)


def sandbox_of(entry: Entry | None, maker: Maker) -> Sandbox:
    """What a profile says of its box; adds a problem for what is no bound, or not a working tree's to say."""
    if entry is None:
        return Sandbox()
    bounds = {field: _bound(entry, key, maker) for field, key in BOUNDS.items()}
    return Sandbox(
        **bounds,
        debug=_debug(entry, maker),
        environment=_environment(entry, maker),
        keeps_home=_keeps_home(entry, maker),
        hides_starts=_hides_starts(entry, maker),
        publish=published_of(entry, maker),
    )


def _bound(entry: Entry, key: str, maker: Maker) -> Bound | None:
    amount: int | None = entry.get(key)
    if amount is None:
        return None
    if amount == 0:
        maker.problems.add(
            entry.at(key), f"`{key}` is 0", hint="nothing runs with that; write more, or leave it out"
        )
    return Bound(amount=amount, at=maker.place(entry.at(key)))


def _debug(entry: Entry, maker: Maker) -> Switch | None:
    is_on: bool | None = entry.get("debug")
    if is_on is None:
        return None
    return _switch(entry, "debug", maker, is_on=is_on, refused="does not let anything be traced")


def _keeps_home(entry: Entry, maker: Maker) -> Switch | None:
    home: Home | None = entry.get("home")
    if home is None:
        return None
    return _switch(entry, "home", maker, is_on=home is Home.KEPT, refused="lets no home be kept")


def _hides_starts(entry: Entry, maker: Maker) -> Switch | None:
    starts: Recording | None = entry.get("starts")
    if starts is None:
        return None
    refused = "leaves nothing out of the record"
    return _switch(entry, "starts", maker, is_on=starts is Recording.UNRECORDED, refused=refused)


def _switch(entry: Entry, key: str, maker: Maker, *, is_on: bool, refused: str) -> Switch:
    """`refused`: what a working tree's document does instead of letting it be so."""
    if is_on and maker.tier is Tier.WORKING_TREE:
        what = f"a working tree's document {refused}"
        maker.problems.add(
            entry.at(key), what, hint="a working tree only restricts; put this into the user's document"
        )
    return Switch(is_on=is_on, at=maker.place(entry.at(key)))


def _environment(entry: Entry, maker: Maker) -> tuple[Handed, ...] | None:
    names: tuple[Worded, ...] | None = entry.get("environment")
    if names is None:
        return None
    return tuple(Handed(names=each.text, at=maker.place(each)) for each in names)
