"""Claude Code, Codex and other programs of node's, as tests/real/node_agents/install puts them here."""

from pathlib import Path

from needs import missing

__all__ = ["CLAUDE", "CODEX", "MODULES", "needs_programs"]

MODULES = Path(__file__).resolve().parents[2] / ".cache/node-agents/node_modules"
CLAUDE = MODULES / "@anthropic-ai/claude-code-linux-x64/claude"
CODEX = MODULES / "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"


def needs_programs(what: str, *programs: Path) -> None:
    """Ends the test where one of them is not there; `what` is how a reader knows them."""
    if not all(each.exists() for each in programs):
        missing(what, "tests/real/node_agents/install, on Linux with x86_64")
