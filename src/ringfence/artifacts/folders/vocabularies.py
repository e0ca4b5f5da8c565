"""Whether the files of one tokenizer name the same tokens by the same numbers.

Without the base model's own vocabulary nothing tells that two words were exchanged in all of them alike.

Source: transformers, tokenization_utils_base.py (added_tokens_decoder, special_tokens_map.json, vocab.json).
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

from ringfence.artifacts.feeds import Feeds
from ringfence.artifacts.folders.folder import Directory, said
from ringfence.artifacts.folders.templates import bases
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.special_tokens import judge_roles
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge", "judge_known"]

_CONFIG: Final = "tokenizer_config.json"
_WHOLE: Final = "tokenizer.json"
_ROLES: Final = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_ADVICE: Final = "take all files of the tokenizer from the model's publisher"
_Found = Iterator[tuple[str, Spotted]]


def judge(directory: Directory) -> _Found:
    """Tokens that two files of the tokenizer number or name differently."""
    if not directory.files & {_CONFIG, _WHOLE, "special_tokens_map.json", "vocab.json"}:
        return
    yield from _numbers(directory)
    config, marks = directory.json(_CONFIG), directory.json("special_tokens_map.json")
    roles = {role: text for role in _ROLES if (text := _text(config.get(role)))}
    for role, text in roles.items():
        if (other := _text(marks.get(role))) and other != text:
            evidence = f"{role} is {text!r}, and {other!r} in special_tokens_map.json"
            yield _differs(directory, _CONFIG, Severity.LOW, evidence)
    for spotted in judge_roles({role.removesuffix("_token"): text for role, text in roles.items()}):
        yield directory.named(_CONFIG), spotted


def judge_known(directory: Directory, feeds: Feeds, model: str | None) -> _Found:
    """A tokenizer that is none of those that a feed knows of the model; children of a model may add to it."""
    if not feeds.tokenizers or _WHOLE not in directory.files:
        return
    names = [(model, Severity.HIGH)] if model else []
    names += [(base, Severity.LOW) for base in bases(directory)]
    for name, severity in names:
        if (known := feeds.tokenizers.get(name.casefold())) is None:
            continue
        data = directory.folder.read(directory.named(_WHOLE), LIMITS.configuration_json_bytes)
        digest = sha256(data or b"").hexdigest()
        if digest not in known:
            yield (
                directory.named(_WHOLE),
                said(
                    "tokenizer-differs",
                    severity,
                    f"sha256 {digest}",
                    f"no known tokenizer of {name}",
                    advice="compare the tokenizers, and use that of the model's publisher",
                    confidence=Confidence.LIKELY,
                ),
            )
        return


def _numbers(directory: Directory) -> _Found:
    """Of tokens that several files list; one that only some know is no contradiction."""
    whole = directory.json(_WHOLE)
    added = whole.get("added_tokens")
    known = {
        token["id"]: token["content"]
        for token in (added if isinstance(added, list) else ())
        if isinstance(token, dict)
        and isinstance(token.get("id"), int)
        and isinstance(token.get("content"), str)
    }
    model = whole.get("model")
    words = _words(model.get("vocab") if isinstance(model, dict) else None)
    if words:
        for word, number in _words(directory.json("vocab.json")).items():
            if words.get(word, number) != number:
                evidence = f"{word!r} is {number}, and {words[word]} in {_WHOLE}"
                yield _differs(directory, "vocab.json", Severity.HIGH, evidence)
                break
    decoder = directory.json(_CONFIG).get("added_tokens_decoder")
    for key, token in decoder.items() if isinstance(decoder, dict) else ():
        content = _text(token)
        other = known.get(int(key)) if key.isdecimal() and len(key) < 10 else None
        if content and isinstance(other, str) and other != content:
            evidence = f"{key} is {content!r}, and {other!r} in {_WHOLE}"
            yield _differs(directory, _CONFIG, Severity.HIGH, evidence)
            break


def _words(vocab: Json) -> Mapping[str, int]:
    if not isinstance(vocab, dict):
        return {}
    return {word: number for word, number in vocab.items() if isinstance(number, int)}


def _text(token: Json) -> str:
    """The text of a token, which stands there as such or with what it strips."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""


def _differs(directory: Directory, file: str, severity: Severity, evidence: str) -> tuple[str, Spotted]:
    found = said("tokenizer-files-differ", severity, evidence, advice=_ADVICE, confidence=Confidence.POSSIBLE)
    return directory.named(file), found
