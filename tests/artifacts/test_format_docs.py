import format_docs

from ringfence.artifacts.companions import COMPANIONS
from ringfence.artifacts.formats import FORMATS


def test_the_page_of_formats_is_made_from_the_tables_and_the_golden_files() -> None:
    shown = format_docs.FILE.read_text(encoding="utf-8")
    assert shown == format_docs.page(), "run: .venv/bin/python scripts/format_docs.py"
    for each in (*FORMATS, *COMPANIONS):
        assert f"\n### {each.name}\n" in shown
    assert "- Left out: what the weights make a model do.\n- Samples: `cut.gguf` inconclusive" in shown
    assert "\n### tensorrt\n" in shown
