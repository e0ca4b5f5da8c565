"""Names and contents that try to act in what reads a report."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ringfence.cli.main import main
from validating import valid_cyclonedx, valid_spdx

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = (
    b"<script>alert(1)<!--.gguf",
    b"\"onmouseover='x' [y](javascript:z) `@all`|\\|.gguf",
    b"\xff\n# h\x1b[2J\xe2\x80\xaegnp.gguf",
    b"<style>%2e%2e&lt;{{7*7}}.gguf",
)


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in NAMES:
        model = (GOLDEN / "gguf/reaching-template.gguf").read_bytes()
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(model)
    monkeypatch.chdir(tmp_path)

    def write(format_: str) -> str:
        assert main(["inspect", "models", "--format", format_, "-o", "out"]) == 1
        return Path("out").read_text(encoding="utf-8")

    return write


def test_names_do_not_act_in_the_page(reported) -> None:
    text = reported("html")
    elements: list[str] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag, attributes):
            elements.append(tag)
            assert all(
                key in ("class", "lang", "charset", "http-equiv", "content", "name") for key, _ in attributes
            )

    Page().feed(text)
    assert "script" not in elements
    assert elements.count("style") == 1
    assert text.count("</style>") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "49" not in re.sub(r"\d{3,}", "", text.partition("</style>")[2])


def test_names_stay_in_code_spans_of_markdown(reported) -> None:
    text = reported("markdown")
    outside = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)
    for part in ("<script", "javascript:", "@all", "# h", "{{7"):
        assert part in text
        assert part not in outside
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", text)


def test_names_become_addresses_in_sarif_and_text_in_bills(reported) -> None:
    (run,) = json.loads(reported("sarif"))["runs"]
    addresses = {each["location"]["uri"] for each in run["artifacts"]}
    assert len(addresses) == len(NAMES)
    assert all(re.fullmatch(r"models/[A-Za-z0-9._~%-]+", each) for each in addresses)
    for text, valid in ((reported("cyclonedx"), valid_cyclonedx), (reported("spdx"), valid_spdx)):
        valid(text)
        assert not re.search(r"\\u00(0|1b)|\\u202e|\\udc", text)
