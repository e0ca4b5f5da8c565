"""A model hub on 127.0.0.1, as far as huggingface_hub asks it: one repository, one commit."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


@contextmanager
def hub(repository: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a server that has `files`; names that end in .safetensors are large files (LFS)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith(f"/{repository}/resolve/"):
                self.file(path.removeprefix(f"/{repository}/resolve/").partition("/")[2])
            elif path.startswith(f"/api/models/{repository}/tree/"):
                self.answer(json.dumps([tree_entry(name, data) for name, data in files.items()]).encode())
            elif path.startswith((f"/api/models/{repository}/revision/", f"/api/models/{repository}")):
                siblings = [{"rfilename": name} for name in files]
                self.answer(json.dumps({"id": repository, "sha": COMMIT, "siblings": siblings}).encode())
            else:
                self.answer(b"{}", status=404)

        def file(self, name: str) -> None:
            if name not in files:
                self.answer(b"", status=404, headers={"X-Error-Code": "EntryNotFound"})
                return
            etag = f'"{etag_of(name, files[name])}"'
            self.answer(
                files[name],
                headers={"X-Repo-Commit": COMMIT, "ETag": etag, "Accept-Ranges": "bytes"},
            )

        def answer(self, body: bytes, *, status: int = 200, headers: Mapping[str, str] = {}) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_large(name: str) -> bool:
    return name.endswith(".safetensors")


def etag_of(name: str, data: bytes) -> str:
    """SHA-256 for large files, else what Git calls the blob."""
    if is_large(name):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()


def tree_entry(name: str, data: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": name, "size": len(data)}
    entry["oid"] = hashlib.sha1(b"pointer" + data).hexdigest() if is_large(name) else etag_of(name, data)
    if is_large(name):
        entry["lfs"] = {"oid": etag_of(name, data), "size": len(data), "pointerSize": 130}
    return entry
