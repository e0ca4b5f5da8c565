"""Which model a request asks, and how much may be written in return: what its price takes. Pure.

A request that does not say it in one way is not understood: nothing is guessed where money is limited.

Sources: the published interfaces of Anthropic (messages), OpenAI (chat completions, responses), Gemini
(generateContent, whose model stands in the path) and OpenRouter.
"""

import re
from collections.abc import Iterable, Mapping

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp

__all__ = ["ModelRequest", "model_request"]

_IN_PATH = re.compile(r".*/models/([^/:]+):(?:stream)?[gG]enerateContent")
_MOST = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")
_ANSWERS = ("n", "best_of", "candidateCount", "candidate_count")
_CONFIGURATIONS = ("generationConfig", "generation_config")
# What a host reads that does not stand in the request.
_BEFORE = ("previous_response_id", "conversation", "prompt", "cachedContent", "cached_content")
_FILES = ("file_id", "file_url", "fileUri", "file_uri", "image_url")
# What is asked of a host that bills it otherwise than its list says.
_USUAL = {
    "service_tier": ("auto", "default", "standard", "standard_only", "flex"),
    "speed": ("standard",),
    "inference_geo": ("global",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """What one request asks for."""

    model: str  # as its client says it
    most_output: int | None  # tokens of all its answers; None: it names no bound
    answers: int  # that it asks for
    is_whole: bool = True  # all that is read for it stands in it


def model_request(path: str, body: bytes) -> ModelRequest:
    """What is asked. `path` is canonical, without parameters.

    Raises:
        BadHttp: it is not told, or told in two ways.
    """
    try:
        document = parse(body, max_bytes=LIMITS.injected_body_bytes)
    except BadJson:
        raise BadHttp("a request whose body is no JSON, so that nobody knows which model it asks") from None
    if not isinstance(document, dict):
        raise BadHttp("a request that names no model")
    _check_once(document)
    in_path = _IN_PATH.fullmatch(path)
    model = in_path[1] if in_path else document.get("model")
    if not isinstance(model, str) or not 0 < len(model) <= LIMITS.name_chars:
        raise BadHttp("a request that names no model")
    for key, usual in _USUAL.items():
        if document.get(key) is not None and document[key] not in usual:
            raise BadHttp(f"a request for another `{key}` than the usual one, whose price nobody knows here")
    said = [document, *(each for key in _CONFIGURATIONS if isinstance(each := document.get(key), dict))]
    answers = max((1, *_numbers(said, _ANSWERS)))
    most = _numbers(said, _MOST)
    return ModelRequest(
        model=model,
        most_output=max(most) * answers if most else None,
        answers=answers,
        is_whole=not (any(document.get(key) for key in _BEFORE) or _names_files(document)),
    )


def _check_once(document: Mapping[str, Json]) -> None:
    """Some servers read keys without regard to case."""
    seen = [each.casefold() for each in document]
    for name in ("model", *_USUAL):
        if seen.count(name) > 1 or (name in seen and name not in document):
            raise BadHttp(f"a request that says `{name}` in another way than all servers read")


def _names_files(document: Json) -> bool:
    """Whether something that is said leads to a file or page elsewhere, as far as can be known."""
    waiting: list[Json] = [document]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            waiting += each.values()
            image = each.get("image_url")
            named = [
                *(each.get(key) for key in _FILES),
                image.get("url") if isinstance(image, dict) else None,
            ]
            named += [each.get("url")] if each.get("type") == "url" else []
            if any(isinstance(one, str) and not one.startswith("data:") for one in named):
                return True
    return False


def _numbers(said: Iterable[Mapping[str, Json]], keys: Iterable[str]) -> list[int]:
    found = [each[key] for each in said for key in keys if each.get(key) is not None]
    numbers = [each for each in found if type(each) is int and 0 <= each <= LIMITS.usage_tokens]
    if len(numbers) < len(found):
        raise BadHttp("a request that bounds its answer by what is no number")
    return numbers
