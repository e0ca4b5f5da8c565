"""A model's interface with what it says written down: first a call of a tool, then a last word.

Run as a program in a box: it starts the command that follows, whose `ANTHROPIC_BASE_URL` it is.
"""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CALL = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "Bash",
    "input": {"command": "echo made by the agent > made"},
}
WORD = {"type": "text", "text": "all is done"}


class Model(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def next_call(self, messages):
        """The call of a tool that comes next, or None."""
        return None if "tool_result" in json.dumps(messages) else CALL

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        has_tools = any(each.get("name") == "Bash" for each in asked.get("tools", ()))
        block = self.next_call(asked["messages"]) or WORD if has_tools else WORD
        reason = block["type"] if block["type"] == "tool_use" else "end_turn"
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": asked.get("model", "m"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        if asked.get("stream"):
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            empty = block | ({"input": {}} if "input" in block else {"text": ""})
            delta = (
                {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
                if "input" in block
                else {"type": "text_delta", "text": block["text"]}
            )
            for event in (
                {"type": "message_start", "message": message},
                {"type": "content_block_start", "index": 0, "content_block": empty},
                {"type": "content_block_delta", "index": 0, "delta": delta},
                {"type": "content_block_stop", "index": 0},
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": reason, "stop_sequence": None},
                    "usage": {"output_tokens": 1},
                },
                {"type": "message_stop"},
            ):
                self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        else:
            body = json.dumps(message | {"content": [block], "stop_reason": reason}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def main() -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    told = {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": "x"}
    return subprocess.call(sys.argv[1:], env=os.environ | told, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
