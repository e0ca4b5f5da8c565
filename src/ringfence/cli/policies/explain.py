"""`ringfence policy explain`: why, and what would turn it."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.app.documents import document
from ringfence.app.policy.explain import Asked, Explanation, SectionWord, WouldTurn, explain
from ringfence.cli.console import safe, show
from ringfence.cli.policies.loading import policy_of
from ringfence.cli.streams import write
from ringfence.cli.tables.section import heading
from ringfence.core import bounded_json
from ringfence.core.actions import Action, Purpose
from ringfence.core.errors import ExitCode, UnreadableScope, UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.registries import Registry
from ringfence.core.text import clip, printable
from ringfence.policy.facts import supposed_action
from ringfence.policy.policy import Policy
from ringfence.wiring.registries import registries_for

__all__ = ["run"]

_STYLES = {"allow": "green", "ask": "yellow", "deny": "red"}
_LONG = 2000


def run(options: argparse.Namespace) -> int:
    """Explains the action."""
    started_at = datetime.now(UTC)
    policy = policy_of(options)
    action = _of_json(options.action) if options.action else _of_artifact(options)
    registries = _registries(policy) if options.in_box else ()
    result = explain(policy, action, started_at=started_at, in_box=options.in_box, registries=registries)
    if options.format == "json":
        write(document("ringfence.policy-explain/1", result) + "\n")
    else:
        show(_told(result))
    return ExitCode.DONE


def _registries(policy: Policy) -> tuple[Registry, ...]:
    """As for a box in this folder."""
    try:
        tree = str(Path.cwd())
    except OSError:  # it is gone
        return ()
    return registries_for(os.environ, tree=tree, policy=policy).found


def _of_json(path: Path) -> Action:
    name = clip(printable(str(path)), chars=LIMITS.name_chars)
    try:
        if str(path) == "-" and not os.path.lexists("-"):
            data = sys.stdin.buffer.read(LIMITS.event_bytes + 1)
        else:
            with path.open("rb") as file:
                data = file.read(LIMITS.event_bytes + 1)
    except OSError as error:
        raise UnreadableScope(
            f"{name}: {os.strerror(error.errno or 0).lower()}", hint="name a file that holds an action"
        ) from error
    try:
        facts = bounded_json.parse(data, max_bytes=LIMITS.event_bytes)
    except bounded_json.BadJson as error:
        raise UsageError(f"{name}: {error}", hint='write {"action": "model.use", "name": …}') from error
    if not isinstance(facts, dict):
        raise UsageError(f"{name}: no JSON object", hint='write {"action": "model.use", "name": …}')
    return supposed_action(facts)


def _of_artifact(options: argparse.Namespace) -> Action:
    """The use of the model that the file is, as `ringfence inspect` judges it."""
    from ringfence.app.inspect import inspect
    from ringfence.app.standing.actions import use_of
    from ringfence.cli.watching import watched
    from ringfence.wiring.here import here

    with watched() as progress:
        found = inspect(options.artifact, here(), progress, hashed=True)
    name = clip(printable(str(options.artifact)), chars=LIMITS.name_chars)
    if not found.models:
        raise UnreadableScope(f"{name}: no model here", hint="ringfence inspect says what it is")
    if len(found.models) > 1:
        raise UsageError(f"{name}: {len(found.models)} models", hint="name one of them")
    return use_of(found.models[0], purpose=Purpose(options.purpose) if options.purpose else None)


def _told(result: Explanation) -> Iterator[RenderableType]:
    line = Text(result.effect.value, _STYLES[result.effect.value])
    yield line.append(f": {result.doing} {result.outcome}").append(f" ({result.mode})", "dim")
    for name, value in result.facts.items():
        yield Padding(safe(f"{name}: {_shown(value)}", chars=_LONG), (0, 0, 0, 2))
    for each in (*result.obligations, *(f"serves {control}" for control in result.controls)):
        yield safe(f"  {each}")
    yield heading("Why", str(len(result.sections)))
    for section in result.sections:
        yield from _section(section)
    yield heading("What would turn it", str(len(result.turns)))
    for turn in result.turns:
        yield Padding(_turn(turn), (0, 0, 0, 2))
        where = f"{turn.rule or 'no rule'}  {turn.at or 'no document says'}"
        yield Padding(safe(where, "dim", chars=_LONG), (0, 0, 0, 6))
    if not result.turns:
        yield Text("  no change of one or two facts does")
    if not result.complete:
        yield Text(f"  gave up after {result.tried} decisions: there is more to try", "yellow")


def _section(section: SectionWord) -> Iterator[RenderableType]:
    line = Text("  ").append(f"{section.section} ", "bold")
    line.append(section.effect.value, _STYLES[section.effect.value]).append(f" ({section.mode})", "dim")
    yield line.append_text(safe(f"  {section.rule or 'no rule decided'}"))
    yield Padding(safe(section.at or "no document says", "dim", chars=_LONG), (0, 0, 0, 4))
    if section.says:
        yield Padding(safe(section.says, chars=_LONG), (0, 0, 0, 4))
    if section.exception:
        yield Padding(safe(f"a stricter rule did not count: exception {section.exception}"), (0, 0, 0, 4))
    for asked in section.conditions:
        yield Padding(_asked(asked), (0, 0, 0, 6))
    for rule in section.overruled:
        what = f"{rule} does not count: the system's document enforces this section"
        yield Padding(safe(what, "yellow", chars=_LONG), (0, 0, 0, 4))
    for near in section.near:
        yield Padding(safe(f"{near.rule} ({near.at}) would {near.effect} it", chars=_LONG), (0, 0, 0, 4))
        for asked in near.lacks:
            yield Padding(_asked(asked), (0, 0, 0, 6))


def _asked(asked: Asked) -> Text:
    if not asked.is_known and asked.holds:
        return safe(f"? {asked.asks}: unknown, which counts against it", "yellow", chars=_LONG)
    mark, style = ("+", "green") if asked.holds else ("-", "red")
    return safe(f"{mark} {asked.asks}; it is {_shown(asked.value)}", style, chars=_LONG)


def _turn(turn: WouldTurn) -> Text:
    changes = " and ".join(
        f"{each.fact} were {_shown(each.after)} instead of {_shown(each.before)}" for each in turn.changes
    )
    line = Text(turn.effect.value, _STYLES[turn.effect.value])
    return line.append_text(safe(f" if {changes}", chars=_LONG))


def _shown(value: object) -> str:
    return "unknown" if value is None else json.dumps(value, ensure_ascii=False)
