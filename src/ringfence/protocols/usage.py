"""What a model's answer says that it used, read while it flows. Pure, and bounded.

Theory: counts only grow while an answer is written, so of several the largest holds. What is said counts once
it is the last word: in an event that ends the answer, or when the body has ended. Of what is no count at all,
negative, a fraction or beyond all measure, nothing is believed.

| interface | where it stands | the last word |
|-|-|-|
| Anthropic, messages | `usage`; `message.usage`, then `usage` of events | `message_delta` |
| OpenAI, chat completions; OpenRouter | `usage`; of a stream in a chunk without choices | that chunk |
| OpenAI, responses | `usage`; `response.usage` of events | the event that has it |
| Gemini | `usageMetadata` of each chunk | the body's end |

Sources: the published interfaces of these; the HTML standard for event streams.
"""

import math
from collections.abc import Iterator, Mapping

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Usage", "UsageReader"]

_EVENTS = "text/event-stream"
_MARK = b"sage"  # of usage and usageMetadata
_ENDS = ("message_delta", "response.completed", "response.incomplete", "response.failed")


class _Unbelievable(Exception):
    """What stands there is no count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one answer. `cost` is what the host says that it costs, in millionths of a dollar."""

    input: int = 0  # that no cache had a part in
    cache_read: int = 0
    cache_write: int = 0
    cache_write_long: int = 0  # for an hour or more
    output: int = 0
    cost: int | None = None
    model: str | None = None  # that answered, as the host says it
    is_last: bool = False  # nothing of the answer is missing in it


class UsageReader:
    """One answer's. Feed it the body, and say when it has ended: what is cut off has no end."""

    __slots__ = (
        "_cost",
        "_counts",
        "_data",
        "_has_begun",
        "_held",
        "_is_events",
        "_is_last",
        "_is_lost",
        "_model",
        "_searched",
    )

    def __init__(self, kind: str) -> None:
        """`kind`: the answer's content-type, without what follows it."""
        self._is_events = kind == _EVENTS
        self._held = bytearray()
        self._searched = 0
        self._data: list[bytes] = []  # of the event that is not over
        self._counts: dict[str, int] = {}
        self._cost: int | None = None
        self._model: str | None = None
        self._has_begun = False  # with counts that are no last word
        self._is_last = self._is_lost = False

    @property
    def usage(self) -> Usage | None:
        """What is known until now; None where nothing is, or nothing can be believed."""
        if self._is_lost or not self._counts:
            return None
        return Usage(**self._counts, cost=self._cost, model=self._model, is_last=self._is_last)

    def feed(self, data: bytes) -> None:
        """More of the body."""
        if self._is_lost:
            return
        self._held += data
        if self._is_events:
            self._lines()
        if len(self._held) + sum(map(len, self._data)) > LIMITS.usage_bytes:
            self._lose()

    def finish(self) -> None:
        """The body has ended."""
        if self._is_lost:
            return
        if self._is_events:
            self._line(bytes(self._held))
            self._event()
        else:
            self._documents(bytes(self._held))
        self._held.clear()
        self._is_last = self._is_last or not self._has_begun

    def _lines(self) -> None:
        while (end := self._held.find(b"\n", self._searched)) >= 0:
            line = bytes(self._held[:end])
            del self._held[: end + 1]
            self._searched = 0
            self._line(line.removesuffix(b"\r"))
        self._searched = len(self._held)

    def _line(self, line: bytes) -> None:
        if not line:
            self._event()
        elif line.startswith(b"data:"):
            self._data.append(line[5:])

    def _event(self) -> None:
        data, self._data = b"\n".join(self._data), []
        if _MARK in data:
            self._documents(data)

    def _documents(self, data: bytes) -> None:
        """One answer, or a list of its pieces."""
        try:
            document = parse(data, max_bytes=LIMITS.usage_bytes)
            for each in document if isinstance(document, list) else (document,):
                if isinstance(each, dict):
                    self._read(each)
        except (BadJson, _Unbelievable):
            self._lose()

    def _lose(self) -> None:
        self._is_lost = True
        self._held.clear()
        self._data.clear()

    def _read(self, document: Mapping[str, Json]) -> None:
        for holder in _holders(document):
            said = holder.get("usage") or holder.get("usageMetadata")
            if not isinstance(said, dict):
                continue
            model = holder.get("model") or holder.get("modelVersion")
            self._model = model if isinstance(model, str) else self._model
            for name, count in _counts(said).items():
                self._counts[name] = max(self._counts.get(name, 0), count)
            self._cost = _cost(said) if self._cost is None else max(self._cost, _cost(said) or 0)
            kind = document.get("type")
            self._has_begun = self._has_begun or kind == "message_start"
            self._is_last = self._is_last or kind in _ENDS or document.get("choices") == []


def _holders(document: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """The answer, or what stands for it in an event."""
    yield document
    for key in ("message", "response"):
        held = document.get(key)
        if isinstance(held, dict):
            yield held


def _counts(said: Mapping[str, Json]) -> dict[str, int]:
    if "promptTokenCount" in said or "totalTokenCount" in said:
        return _gemini(said)
    if "prompt_tokens" in said:
        return _of_openai(said, "prompt_tokens", "completion_tokens")
    if isinstance(said.get("input_tokens_details"), dict):
        return _of_openai(said, "input_tokens", "output_tokens")
    return _anthropic(said)


def _anthropic(said: Mapping[str, Json]) -> dict[str, int]:
    written, long = _count(said, "cache_creation_input_tokens"), 0
    by_age = said.get("cache_creation")
    if isinstance(by_age, dict):
        long = _count(by_age, "ephemeral_1h_input_tokens")
        written = max(written, long + _count(by_age, "ephemeral_5m_input_tokens"))
    return {
        "input": _count(said, "input_tokens"),
        "cache_read": _count(said, "cache_read_input_tokens"),
        "cache_write": written - long,
        "cache_write_long": long,
        "output": _count(said, "output_tokens"),
    }


def _of_openai(said: Mapping[str, Json], read: str, written: str) -> dict[str, int]:
    details = said.get(f"{read}_details")
    cached = _count(details, "cached_tokens") if isinstance(details, dict) else 0
    kept = _count(details, "cache_write_tokens") if isinstance(details, dict) else 0
    return {
        "input": _left(_count(said, read), cached + kept),
        "cache_read": cached,
        "cache_write": kept,
        "output": _count(said, written),
    }


def _gemini(said: Mapping[str, Json]) -> dict[str, int]:
    cached = _count(said, "cachedContentTokenCount")
    read = _count(said, "promptTokenCount") + _count(said, "toolUsePromptTokenCount")
    written = _count(said, "candidatesTokenCount") + _count(said, "thoughtsTokenCount")
    return {"input": _left(read, cached), "cache_read": cached, "output": written}


def _count(said: Mapping[str, Json], key: str) -> int:
    value = said.get(key)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= LIMITS.usage_tokens:
        raise _Unbelievable
    return value


def _left(whole: int, part: int) -> int:
    if part > whole:
        raise _Unbelievable
    return whole - part


def _cost(said: Mapping[str, Json]) -> int | None:
    """OpenRouter's; with what the user's own account elsewhere was billed."""
    total: float = 0
    details = said.get("cost_details")
    found = [said.get("cost")]
    if said.get("is_byok") and isinstance(details, dict):
        found.append(details.get("upstream_inference_cost"))
    for each in found:
        if each is None:
            return None
        is_number = type(each) in (int, float)
        if not is_number or not 0 <= each * 1_000_000 <= LIMITS.usage_tokens:  # type: ignore[operator]
            raise _Unbelievable
        total += each  # type: ignore[operator]
    return math.ceil(total * 1_000_000)
