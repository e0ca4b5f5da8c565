"""OpenAI's interface of responses with what it says written down: a call of the shell, then a last word."""

import json
from typing import Any, ClassVar

from egress.upstream_servers import Handler

CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "shell",
    "arguments": json.dumps({"command": ["sh", "-c", "echo made by the agent > made"]}),
}
WORD = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "all is done", "annotations": []}],
}


class Responses(Handler):
    """Keeps who came, and which tools were offered."""

    came: ClassVar[list[tuple[str, str, str]]] = []

    def next_call(self, asked: dict[str, Any]) -> dict[str, str] | None:
        """The call of a tool that comes next, or None."""
        return None if "call_1" in json.dumps(asked["input"]) else _call(asked)

    def do_GET(self) -> None:  # noqa: N802
        if self.headers.get("Upgrade"):
            self.answer(b"", status=426)
        else:
            self.answer(b'{"object": "list", "data": [], "models": []}', Content_Type="application/json")

    def do_POST(self) -> None:  # noqa: N802
        body = self.body()
        account = self.headers.get("chatgpt-account-id", "none")
        self.came.append((self.path, self.headers.get("Authorization", "none"), account))
        if not self.path.endswith("/responses"):
            self.answer(b"{}", Content_Type="application/json")
            return
        asked = json.loads(body)
        item = self.next_call(asked) or WORD
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        events = (
            {"type": "response.created", "response": {"id": "resp_1"}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}},
        )
        said = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
        self.answer(said.encode(), Content_Type="text/event-stream")


def _call(asked: dict[str, object]) -> dict[str, str]:
    """The same word to whichever shell it offers."""
    tools = json.dumps(asked.get("tools", []))
    if '"exec_command"' in tools:
        return CALL | {
            "name": "exec_command",
            "arguments": json.dumps({"cmd": "echo made by the agent > made"}),
        }
    if '"shell_command"' in tools:
        return CALL | {
            "name": "shell_command",
            "arguments": json.dumps({"command": "echo made by the agent > made"}),
        }
    return CALL
