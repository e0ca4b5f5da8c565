#!/usr/bin/env python3
"""Writes license_texts.json in artifacts/licenses: fingerprints of licenses' texts, never the texts.

    scripts/license_texts.py WHEEL [FOLDER …]

WHEEL is that of scancode-toolkit-mini, as `pip download --no-deps scancode-toolkit-mini` fetches it. Texts of
the package `identify`, which the development environment has, are read too. Of a FOLDER, such as
/usr/share/common-licenses, those files count whose names are those of licenses.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import yaml
from identify.vendor.licenses import LICENSES

from ringfence.artifacts.licenses.catalogue import catalogue
from ringfence.artifacts.licenses.expressions import normalise
from ringfence.artifacts.licenses.fingerprints import digest_of, packed, parts_of
from ringfence.artifacts.licenses.plain_words import plain_words

__all__ = ["FILE", "document", "texts_of_folder", "texts_of_identify", "texts_of_wheel"]

FILE = Path(__file__).parent.parent / "src/ringfence/artifacts/licenses/license_texts.json"
_ABOUT = "Made by scripts/license_texts.py: digests of all words, and of some words each, of texts."
_IN_WHEEL = "licensedcode/data/licenses/"
_FEWEST_WORDS = 40  # shorter ones are names and notices
# Keys there that are none of the table's expressions.
_MEANT = {
    "gemma-tou-2025-03-24": "LicenseRef-scancode-gemma-tou-2024-04-01",
    "gemma-pup-2024-02-21": "LicenseRef-scancode-gemma-tou-2024-04-01",
    "gfdl-1.2": "LicenseRef-gfdl-family",
    "gfdl-1.3": "LicenseRef-gfdl-family",
    "llama-4-license-2025": "LicenseRef-scancode-llama-4-cla-2025",
    "moonshot-ai-modified-mit-2025": "LicenseRef-modified-mit",
    "qwen-2024": "LicenseRef-qwen-2024-09-19",
}
_AFTER_ALL = " end of terms and conditions "  # what follows says how to apply the license
_NOTICE = (
    " licensed under the apache license version 2.0 the license "  # beside each file, instead of the text
)
# What stands before and behind a Creative Commons license is about Creative Commons.
_CC_BODY = re.compile(
    r" by exercising the licensed rights .* legal processes of any jurisdiction or authority "
)


class Text(NamedTuple):
    """One text, before it is forgotten."""

    expression: str
    source: str
    text: str


def document(texts: Iterable[Text], *, read_on: date) -> str:
    """The table, sorted; of texts whose words are the same the first counts."""
    entries: dict[str, dict[str, str]] = {}
    for each in texts:
        for words in _readings(plain_words(each.text).words):
            if len(words) >= _FEWEST_WORDS:
                entry = {
                    "expression": each.expression,
                    "source": each.source,
                    "read": read_on.isoformat(),
                    "sha256": digest_of(words),
                    "parts": packed(parts_of(words)),
                }
                entries.setdefault(entry["sha256"], entry)
    listed = sorted(entries.values(), key=lambda entry: (entry["expression"].lower(), entry["sha256"]))
    lines = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in listed)
    return f'{{\n "about": {json.dumps(_ABOUT)},\n "texts": [\n  {lines}\n ]\n}}\n'


def texts_of_wheel(wheel: Path) -> Iterator[Text]:
    """The texts of scancode-toolkit-mini whose license is in ringfence's table."""
    release = "-".join(wheel.name.split("-")[:2]).replace("_", "-")
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(_IN_WHEEL) and name.endswith(".LICENSE"):
                head, _, text = archive.read(name).decode().removeprefix("---\n").partition("\n---")
                expression = _expression_of(yaml.safe_load(head))
                if expression and text:
                    yield Text(expression, f"{release}: {name}", text)


def texts_of_identify() -> Iterator[Text]:
    """The texts of the package `identify`."""
    for name, text in LICENSES:
        yield Text(normalise(name), f"identify-{version('identify')}: identify/vendor/licenses.py", text)


def texts_of_folder(folder: Path) -> Iterator[Text]:
    """The files of a folder that are named after licenses of the table."""
    for path in sorted(folder.iterdir()):
        expression = normalise(path.name)
        if path.is_file() and expression.lower() in catalogue().by_expression:
            yield Text(expression, f"{folder.name}/{path.name}", path.read_text(encoding="utf-8"))


def _expression_of(about: dict[str, object]) -> str | None:
    key = str(about["key"])
    stated = (_MEANT.get(key), about.get("spdx_license_key"), f"LicenseRef-scancode-{key}")
    known = catalogue().by_expression
    return next((known[str(each).lower()].expression for each in stated if str(each).lower() in known), None)


def _readings(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The text, and the text without what a license may be passed on without."""
    yield words
    text = f" {' '.join(words)} "
    before, found, _ = text.partition(_AFTER_ALL)
    if found:
        yield tuple(before.split())
        yield tuple((before + found).split())
    notice = text.rfind(_NOTICE)
    if notice > 0:
        yield tuple(text[notice:].split())
    body = _CC_BODY.search(text)
    if body:
        yield tuple(body.group().split())


if __name__ == "__main__":
    wheel, *folders = map(Path, sys.argv[1:])
    texts = [*texts_of_wheel(wheel), *texts_of_identify()]
    texts += [text for folder in folders for text in texts_of_folder(folder)]
    FILE.write_text(document(texts, read_on=date.today()), encoding="utf-8")  # noqa: DTZ011 -- a day is enough
