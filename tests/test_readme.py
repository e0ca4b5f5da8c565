import readme


def test_the_readme_shows_what_its_commands_print() -> None:
    shown = readme.README.read_text(encoding="utf-8")
    assert readme.played(shown) == shown, "run: .venv/bin/python scripts/readme.py"
