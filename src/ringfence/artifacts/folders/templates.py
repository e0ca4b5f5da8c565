"""Whether all chat templates of one folder are the same, and are those that a feed knows of the model.

A template that differs in one of several quantisations of one model is a place to hide: who looks at the
repository sees another one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ringfence.artifacts.feeds import Feeds, template_digest
from ringfence.artifacts.folders.folder import Directory, said
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.readme import read_card
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tensors.gguf_file import gguf_content
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["bases", "judge"]

_CHECK: Final = "chat-template-differs"
_KEY: Final = "tokenizer.chat_template"
_COMPARE: Final = "compare the templates, and use that of the model's publisher"
_Headers = Mapping[str, Mapping[str, str]]  # file → its keys
_Found = Iterator[tuple[str, Spotted]]


def judge(directory: Directory, feeds: Feeds, model: str | None) -> _Found:
    """Templates that differ from one another, and from those that a feed knows of the model or its base."""
    headers = dict(_headers(directory))
    found = dict(_texts(directory))
    for file, header in headers.items():
        if template := header.get(_KEY):
            found[file] = template_digest(template)
    if not found:
        return
    yield from _odd_ones(directory, headers, found)
    yield from _beside(directory, found, headers)
    yield from _known(directory, found, feeds, model)


def _texts(directory: Directory) -> Iterator[tuple[str, str]]:
    """The default template of the tokenizer, wherever it stands."""
    text = directory.text("chat_template.jinja", max_bytes=LIMITS.template_chars)
    if text is not None:
        yield "chat_template.jinja", template_digest(text)
    stated = directory.json("tokenizer_config.json").get("chat_template")
    if isinstance(stated, list):
        named = {str(each.get("name")): each.get("template") for each in stated if isinstance(each, dict)}
        stated = named.get("default")
    if isinstance(stated, str):
        yield "tokenizer_config.json", template_digest(stated)


def _headers(directory: Directory) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The keys of every GGUF file that are no lists."""
    for file in directory.ending(".gguf")[: LIMITS.model_files]:
        try:
            with directory.folder.reader(directory.named(file)) as reader:
                yield file, gguf_content(reader).keys
        except Malformed:
            continue


def _odd_ones(directory: Directory, headers: _Headers, found: dict[str, str]) -> _Found:
    """A file whose template is not that of most others of the same model."""
    models: dict[tuple[str | None, ...], list[str]] = {}
    for file, header in headers.items():
        if file in found and header.get("general.name"):
            same = ("general.name", "general.architecture", "general.finetune", "general.size_label")
            models.setdefault(tuple(map(header.get, same)), []).append(file)
    for files in models.values():
        counts = Counter(found[file] for file in files)
        usual, times = counts.most_common(1)[0]
        for file in files:
            if found[file] != usual:
                severity = Severity.HIGH if 2 * times > len(files) else Severity.LOW
                evidence = f"{times} of {len(files)} files of this model have another one"
                yield (
                    directory.named(file),
                    said(_CHECK, severity, evidence, advice=_COMPARE, confidence=Confidence.POSSIBLE),
                )


def _beside(directory: Directory, found: dict[str, str], headers: Iterable[str]) -> _Found:
    """The tokenizer's template against others of the same folder; programs disagree on which one counts."""
    first = next((file for file in found if file not in headers), None)
    for file in sorted(found):
        if first and found[file] != found[first]:
            evidence = f"{first} has another one"
            yield (
                directory.named(file),
                said(_CHECK, Severity.LOW, evidence, advice=_COMPARE, confidence=Confidence.POSSIBLE),
            )


def _known(directory: Directory, found: dict[str, str], feeds: Feeds, model: str | None) -> _Found:
    """Those of a model that a feed knows must be among what it knows; those of its children may differ."""
    names = [(model, Severity.HIGH)] if model else []
    names += [(base, Severity.LOW) for base in bases(directory) if feeds.templates]
    for name, severity in names:
        known = feeds.templates.get(name.casefold())
        if known is None:
            continue
        for file, digest in sorted(found.items()):
            if digest not in known:
                evidence = (f"sha256 {digest}", f"no known template of {name}")
                yield (
                    directory.named(file),
                    said(_CHECK, severity, *evidence, advice=_COMPARE, confidence=Confidence.LIKELY),
                )
        return


def bases(directory: Directory) -> Iterator[str]:
    """Names of the models that this one was made from, as its card and its configuration say."""
    readme = next((file for file in sorted(directory.files) if file.casefold() == "readme.md"), None)
    text = directory.text(readme, max_bytes=LIMITS.readme_bytes) if readme else None
    yield from read_card((text or "").encode("utf-8", "replace")).base_models
    base = directory.json("adapter_config.json").get("base_model_name_or_path")
    if isinstance(base, str):
        yield base
