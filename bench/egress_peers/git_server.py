"""`python -m bench.egress_peers.git_server CA KEY FOLDER`: git over HTTP, for the repositories there."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.egress_peers.server import context_of

_PIECE = 1 << 20


class _Handler(BaseHTTPRequestHandler):
    """Runs git's program for each request, as web servers do."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """What there is to fetch."""
        self._run(b"")

    def do_POST(self) -> None:
        """What is fetched."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self._run(body)

    def _run(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": sys.argv[3],
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        command = ["git", "http-backend"]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as git:
            assert git.stdin is not None
            assert git.stdout is not None
            git.stdin.write(body)
            git.stdin.close()
            self.send_response(200)
            while line := git.stdout.readline().strip():
                name, _, value = line.decode().partition(": ")
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while piece := git.stdout.read1(_PIECE):  # type: ignore[attr-defined]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


def main() -> None:
    """Until its standard input ends."""
    certificate, key = (Path(each).read_text() for each in sys.argv[1:3])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context_of(certificate, key).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1], "pids": [os.getpid()]}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
