import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from reporting import HOSTILE, ROOT, inspection, inventory
from ringfence.app.reports import of_inspection, of_inventory, page


class Page(HTMLParser):
    """What a browser makes of it: elements, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)
            self.text += " " if tag == "td" else ""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


def test_the_page_says_what_it_comes_to_what_to_do_and_what_was_left_out() -> None:
    shown = " ".join(Page(page(of_inspection(inspection(), root=ROOT))).text.split())
    for told in (
        "malicious",
        "Loading or using it does harm. Do not load it. Because of pickle-dangerous-call.",
        "Not examined, and so not part of the verdict: what the weights make a model do.",
        "Incomplete: a part could not be examined.",
        "1 critical 1 high 1 low 1 model 2 files 2 not looked at",
        "What to do: do not load it.",
        "models/a b/m%.pkl in archive/data.pkl at byte 7, critical, certain os.system('id')",
        "tiny malicious pickle 9 B none stated What their licenses ask none stated have it read",
        "2 file os.system('id') permission denied",
    ):
        assert told in shown


def test_a_scan_shows_servers_and_signals() -> None:
    shown = " ".join(Page(page(of_inventory(inventory(), root=ROOT))).text.split())
    assert "high findings" in shown
    assert "0.0.0.0 port 11434 ollama from outside" in shown
    assert "Local inference servers yes 0.0.0.0:11434: reachable" in shown
    assert "Accelerator in use while offline or off the VPN not looked at" in shown


def test_the_page_holds_no_script_no_address_and_only_the_style_that_its_policy_permits() -> None:
    text = page(of_inspection(inspection(name=HOSTILE, text=HOSTILE), root=ROOT))
    parsed = Page(text)
    assert parsed.open == []
    assert {name for name, _ in parsed.elements} & {"script", "a", "img", "link", "iframe", "form"} == set()
    attributes = {key for _, found in parsed.elements for key in found}
    assert attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text


def test_hidden_characters_are_spelled_out_and_templates_in_foreign_text_are_text() -> None:
    result = inspection(text=HOSTILE)
    (model,) = result.models
    hostile = replace(model, name=HOSTILE, effective_license=HOSTILE)
    text = page(of_inspection(replace(result, models=(hostile,), reasons=(HOSTILE,)), root=ROOT))
    assert not set(text) & set("\u202e\x1b")
    shown = Page(text).text
    assert shown.count("\\u{202e}gnp.exe") >= 5
    assert "{{ 7*7 }}" in shown


def test_classes_come_from_closed_sets() -> None:
    parsed = Page(page(of_inspection(inspection(name=HOSTILE, text=HOSTILE), root=ROOT)))
    classes = {found["class"] for _, found in parsed.elements if "class" in found}
    assert all(re.fullmatch("[a-z-]*", each) for each in classes)


def test_many_places_of_one_check_are_cut_and_counted() -> None:
    result = inspection()
    (file, *_) = result.judged
    same = tuple(
        replace(file.findings[0], fingerprint=f"{number:016x}", offset=number) for number in range(50)
    )
    many = replace(result, findings=same, judged=(replace(file, findings=same),))
    shown = Page(page(of_inspection(many, root=ROOT))).text
    assert "and 30 more: see --format json" in shown
    assert shown.count("archive/data.pkl") == 20
