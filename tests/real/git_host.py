"""A host of repositories over smart HTTP: git's own back end behind a server of this machine."""

import base64
import os
import subprocess
from pathlib import Path

from egress.upstream_servers import Handler

__all__ = ["git_host"]


def git_host(top: Path, *, token: str | None = None) -> type[Handler]:
    """Serves the bare repositories below `top`; with a token, to those who show it as their password."""

    class GitHost(Handler):
        """Speaks CGI with `git http-backend`."""

        def do_GET(self) -> None:  # noqa: N802
            self._serve(b"")

        def do_POST(self) -> None:  # noqa: N802
            self._serve(self.body())

        def _serve(self, body: bytes) -> None:
            if token is not None and not self._is_let_in(token):
                self.answer(b"who are you?", status=401, WWW_Authenticate='Basic realm="git"')
                return
            path, _, query = self.path.partition("?")
            ran = subprocess.run(
                ["git", "-c", "http.receivepack=true", "-c", "safe.directory=*", "http-backend"],
                input=body,
                capture_output=True,
                check=True,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(top),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": self.command,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "REMOTE_USER": "agent",
                    "REMOTE_ADDR": "127.0.0.1",
                    "HOME": str(top),
                },
            )
            head, _, content = ran.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            status = int(fields.pop("Status", "200").split()[0])
            self.answer(content, status=status, **{name.replace("-", "_"): v for name, v in fields.items()})

        def _is_let_in(self, token: str) -> bool:
            kind, _, told = self.headers.get("Authorization", "").partition(" ")
            return kind == "Basic" and base64.b64decode(told).decode().rpartition(":")[2] == token

    return GitHost
