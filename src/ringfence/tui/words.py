"""What the view says of itself: its tabs, its keys, the policy in force, and what it cannot show."""

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from ringfence.app.policy.show import PolicyShown
from ringfence.app.watching.unseen import Unseen
from ringfence.tui.text import prose, spelled, wrapped

__all__ = ["KEYS", "TABS", "help_text", "policy_text", "unseen_text"]

TABS = ("asks", "events", "sessions", "not shown")

KEYS = {
    "asks": "a approve  x deny  A all alike  Enter open  l events  p policy  ? keys  q quit",
    "events": "Enter open  f follow  / search  c kind  d denied  s session  Esc all  ? keys",
    "sessions": "Enter its events  / search  p policy  ? keys  q quit",
    "not shown": "j k move  Tab next  ? keys  q quit",
}

_HELP = (
    ("Everywhere", ""),
    ("1 2 3 4, Tab", "asks, events, sessions, what is not shown"),
    ("j k, arrows", "down, up"),
    ("g G, Home End", "first, last"),
    ("space, PgDn PgUp", "a screen further, back"),
    ("Enter", "open what is chosen"),
    ("l", "the events of the chosen session"),
    ("p", "the policy in force"),
    ("/", "search in events: a text, whatever its case"),
    ("q, Ctrl+C", "back, or quit"),
    ("Asks", ""),
    ("a  x", "approve, deny: shows the whole question, Enter does it"),
    ("A", "approve all that wait of this kind: same action, agent and rules"),
    ("u U  t T", "on a question: how often, how long"),
    ("Events", ""),
    ("f", "follow what comes; k and g stop that"),
    ("c C", "only one kind: next, previous"),
    ("d", "only what was refused or held"),
    ("s", "only this session"),
    ("Esc", "everything again"),
)


def help_text(cells: int) -> list[Text]:
    """All keys."""
    lines = list[Text]()
    for key, what in _HELP:
        if not what:
            lines += [Text(), Text(f" {key}", "bold")]
        else:
            lines += [Text(each) for each in prose(f"   {key:<18}{what}", cells)]
    return lines[1:]


def unseen_text(missing: Sequence[Unseen]) -> Callable[[int], list[Text]]:
    """What happens and no event tells of."""

    def made(cells: int) -> list[Text]:
        lines = [Text(each) for each in prose(" What no event tells of, here and in this version:", cells)]
        for each in missing:
            lines += [Text(), *(Text(line, "bold") for line in prose(f" {each.what}", cells))]
            lines += [Text(line, "dim") for line in prose(f"   because {each.why}", cells)]
            lines += [Text(line) for line in prose(f"   shown instead: {each.instead}", cells)]
        return lines

    return made


def policy_text(shown: PolicyShown) -> Callable[[int], list[Text]]:
    """The documents in force, and how each section is carried out."""

    def made(cells: int) -> list[Text]:
        return [Text(piece, style) for line, style in _policy(shown) for piece in wrapped(line, cells)]

    return made


def _policy(shown: PolicyShown) -> Iterator[tuple[str, str]]:
    if shown.trouble is not None:
        yield f" the documents as they are now are not in force: {spelled(shown.trouble)}", "yellow"
    yield f" in force: {shown.digest[:16]}…", "bold"
    for file in shown.files:
        rules = sum(file.rules.values())
        yield f"   {file.tier:<13} {spelled(file.name)}, {rules} rule{'' if rules == 1 else 's'}", ""
    yield "", ""
    yield " sections", "bold"
    for each in shown.modes:
        where = f"  {spelled(each.at)}" if each.at else ""
        yield f"   {each.section:<10} {each.mode:<8} {each.rules:>4} rules{where}", ""
