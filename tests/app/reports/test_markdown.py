import re
from dataclasses import replace

from reporting import HOSTILE, ROOT, inspection, inventory
from ringfence.app.reports import markdown, of_inspection, of_inventory

SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def test_the_report_is_short_and_says_what_to_do() -> None:
    text = markdown(of_inspection(inspection(), root=ROOT))
    assert text.startswith(
        "# ringfence inspect: malicious\n\n`models`\n\n"
        "Loading or using it does harm. Do not load it. Because of `pickle-dangerous-call`.\n"
    )
    assert (
        "What to do: `do not load it`\n\n"
        "- `models/a b/m%.pkl` in `archive/data.pkl` at byte 7 (critical, certain)\n  - `os.system('id')`\n"
    ) in text
    assert "| `tiny` | malicious | pickle | 9 B | `none stated` |" in text
    assert "\n- `none stated`: `have it read`\n" in text
    assert "| 2 file | `os.system('id')` | `permission denied` |" in text
    assert text.endswith("UTC, ringfence " + of_inspection(inspection(), root=ROOT).tool_version + "</sub>")


def test_a_scan_shows_its_signals() -> None:
    text = markdown(of_inventory(inventory(), root=ROOT))
    assert "| Local inference servers | yes | `0.0.0.0:11434: reachable` |" in text


def test_foreign_text_stands_in_code_spans_only() -> None:
    result = inspection(name=HOSTILE, text=f"``{HOSTILE}``")
    (model,) = result.models
    hostile = replace(model, name=HOSTILE, effective_license=HOSTILE)
    text = markdown(of_inspection(replace(result, models=(hostile,), reasons=(HOSTILE,)), root=ROOT))
    assert not set(text) & set("\u202e\x1b")
    outside = SPAN.sub("", text)
    for part in ("alert(1)", "evil", "@all", "7*7", "gnp"):
        assert part in text
        assert part not in outside
    for row in re.findall(r"^\|.*\|$", text, re.MULTILINE):
        assert row.count("|") in (4, 6)
