"""What appeared, changed and vanished in a span of time, as events of things tell."""

from dataclasses import field
from enum import StrEnum

from ringfence.app.ledger.telling import thing_name
from ringfence.core.dataclass import dataclass
from ringfence.ledger.events.thing import Thing
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.ledger import Recorded

__all__ = ["News", "NewsKind", "NewsTeller", "ThingNews"]


class NewsKind(StrEnum):
    """What became of one thing from the beginning of the span to its end."""

    APPEARED = "appeared"
    CHANGED = "changed"
    VANISHED = "vanished"
    CAME_AND_WENT = "came and went"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingNews:
    """One thing."""

    news: NewsKind
    kind: str
    id: str
    name: str  # anybody's text
    changed: tuple[str, ...]  # names of facts, when it changed
    standing: str | None  # what the policy says of it now
    standing_before: str | None  # when that changed


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """All of them, with counts."""

    appeared: int
    changed: int
    vanished: int
    things: tuple[ThingNews, ...]


@dataclass(slots=True)
class _Story:
    """What was told of one thing so far."""

    first: ThingAppeared | ThingChanged | ThingVanished
    last: ThingAppeared | ThingChanged | ThingVanished
    changed: dict[str, None]  # in order
    before: str | None


@dataclass(slots=True)
class NewsTeller:
    """Hears events one by one, each stream's in their order."""

    _stories: dict[tuple[str, str], _Story] = field(default_factory=dict)

    def hear(self, recorded: Recorded) -> None:
        """Takes notice of an event."""
        event = recorded.event
        if not isinstance(event, ThingAppeared | ThingChanged | ThingVanished):
            return
        key = (recorded.position.stream, event.thing.id)
        story = self._stories.get(key)
        if story is None:
            story = self._stories[key] = _Story(event, event, {}, None)
            if isinstance(event, ThingChanged):
                story.before = event.standing_before.word.value if event.standing_before else None
            elif isinstance(event, ThingVanished):
                story.before = _standing(event.thing)
        story.last = event
        if isinstance(event, ThingChanged):
            story.changed |= dict.fromkeys(event.changed)

    def news(self) -> News:
        """What there is to tell."""
        told = [_told(story) for story in self._stories.values()]
        kinds = [each.news for each in told]
        order = list(NewsKind)
        return News(
            appeared=kinds.count(NewsKind.APPEARED),
            changed=kinds.count(NewsKind.CHANGED),
            vanished=kinds.count(NewsKind.VANISHED),
            things=tuple(sorted(told, key=lambda each: (order.index(each.news), each.kind, each.name))),
        )


def _told(story: _Story) -> ThingNews:
    thing, now = story.last.thing, _standing(story.last.thing)
    was_there, is_there = (
        not isinstance(story.first, ThingAppeared),
        not isinstance(story.last, ThingVanished),
    )
    match (was_there, is_there):
        case (False, True):
            news = NewsKind.APPEARED
        case (False, False):
            news = NewsKind.CAME_AND_WENT
        case (True, False):
            news = NewsKind.VANISHED
        case _:
            news = NewsKind.CHANGED
    changed = news is NewsKind.CHANGED
    return ThingNews(
        news=news,
        kind=thing.kind.value,
        id=thing.id,
        name=thing_name(thing),
        changed=tuple(story.changed) if changed else (),
        standing=now,
        standing_before=story.before if changed and story.before != now else None,
    )


def _standing(thing: Thing) -> str | None:
    return thing.standing.word.value if thing.standing else None
