"""One whole task, as either agent's model tells it: test, read, edit, test, commit, fetch, push, push again.

The next step comes when the answer to the one before was sent back; what was sent back is kept.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from backports import zstd

from real.scripted_codex import Responses
from real.scripted_model import Model

__all__ = ["ACCOUNT", "FILES", "STEPS", "ClaudeTask", "CodexTask"]

FILES = {
    "greet.sh": 'greet() { echo "helo, $1"; }\n',
    "run-tests": '. ./greet.sh; [ "$(greet you)" = "hello, you" ] && echo passed || echo failed\n',
}
"""What the repository holds at the beginning: a program with a fault, and its test."""

ACCOUNT = "0b6ac6b5-5a2b-4a31-9a3c-0c1c6c9c4a11"
"""Whose login at chatgpt.com it is: Codex asks first whether the server knows it."""

_ANY = "NO_CONSTRAINT"


@dataclass(frozen=True, kw_only=True)
class _Read:
    path: str


@dataclass(frozen=True, kw_only=True)
class _Edit:
    path: str
    old: str
    new: str


STEPS: tuple[str | _Read | _Edit, ...] = (
    "sh run-tests",
    _Read(path="greet.sh"),
    _Edit(path="greet.sh", old="helo", new="hello"),
    "sh run-tests",
    "git switch -q -c agent/greeting && git commit -q -a -m 'Say hello' && git log --format=%s",
    "git fetch origin && git rebase -q origin/main && git log --format=%s",
    "git push origin HEAD:main",
    "git push origin agent/greeting",
)
"""Strings are commands of the shell."""


class ClaudeTask(Model):
    """Reads and edits by the tools that Claude Code has for that."""

    came: ClassVar[set[str | None]] = set()
    results: ClassVar[list[str]] = []
    tree: ClassVar[str] = ""

    def do_POST(self) -> None:  # noqa: N802
        if self.path.startswith("/v1/messages"):
            self.came.add(self.headers.get("x-api-key") or self.headers.get("authorization"))
        super().do_POST()

    def next_call(self, messages: list[dict[str, Any]]) -> dict[str, Any] | None:
        said = [block for each in messages if isinstance(each["content"], list) for block in each["content"]]
        self.results[:] = [json.dumps(each["content"]) for each in said if each["type"] == "tool_result"]
        done = len(self.results)
        if done == len(STEPS):
            return None
        name, given = self._tool(STEPS[done])
        return {"type": "tool_use", "id": f"toolu_{done}", "name": name, "input": given}

    def _tool(self, step: str | _Read | _Edit) -> tuple[str, dict[str, Any]]:
        match step:
            case _Read(path=path):
                return "Read", {"file_path": f"{self.tree}/{path}"}
            case _Edit(path=path, old=old, new=new):
                return "Edit", {"file_path": f"{self.tree}/{path}", "old_string": old, "new_string": new}
            case command:
                return "Bash", {"command": command, "description": "as it was told"}


class CodexTask(Responses):
    """Does all by the script that Codex runs for its newer models, and edits by patches."""

    results: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802
        if not self.path.endswith("/accounts/check"):
            super().do_GET()
            return
        account = {"id": ACCOUNT, "workspace_backend_origin": _ANY, "account_routing_override": _ANY}
        said = {"accounts": [account], "account_ordering": [ACCOUNT], "default_account_id": ACCOUNT}
        self.answer(json.dumps(said).encode(), Content_Type="application/json")

    def body(self) -> bytes:
        body = super().body()
        if self.headers.get("Content-Encoding") != "zstd":
            return body
        return zstd.decompress(body)

    def next_call(self, asked: dict[str, Any]) -> dict[str, str] | None:
        self.results[:] = [
            json.dumps(each["output"]) for each in asked["input"] if each["type"].endswith("call_output")
        ]
        done = len(self.results)
        if done == len(STEPS):
            return None
        call = {"type": "custom_tool_call", "id": f"ctc_{done}", "call_id": f"call_{done}", "name": "exec"}
        return call | {"input": self._script(STEPS[done])}

    def _script(self, step: str | _Read | _Edit) -> str:
        match step:
            case _Read(path=path):
                step = f"cat {path}"
            case _Edit(path=path, old=old, new=new):
                line = FILES[path].rstrip()
                changed = f"@@\n-{line}\n+{line.replace(old, new)}"
                patch = f"*** Begin Patch\n*** Update File: {path}\n{changed}\n*** End Patch"
                return f"text(await tools.apply_patch({json.dumps(patch)}))"
        command = json.dumps({"cmd": step, "yield_time_ms": 30_000})
        return f"text(await tools.exec_command({command}))"
