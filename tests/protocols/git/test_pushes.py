import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ringfence.core.actions import GitChange
from ringfence.protocols.git.pkt_lines import FLUSH, line
from ringfence.protocols.git.pushes import Push, Update, push, refusal
from ringfence.protocols.http import BadHttp

_ENV = {
    "PATH": "/usr/bin:/bin",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_TERMINAL_PROMPT": "0",
}


class _Server:
    """Serves bare repositories by git's own http-backend, keeps pushes, refuses them where told to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pushes, self.why = folder, [], ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self._body())

            def log_message(self, *_args) -> None:
                pass

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding") != "chunked":
                    return self.rfile.read(int(self.headers["content-length"]))
                found = b""
                while size := int(self.rfile.readline(), 16):
                    found += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return found

            def _answer(self, body: bytes) -> None:
                if self.path.endswith("/git-receive-pack"):
                    outer.pushes.append(body)
                    if outer.why and body != FLUSH:
                        headers, said = refusal(push(body), outer.why)
                        self._send(200, list(headers), said)
                        return
                path, _, query = self.path.partition("?")
                done = subprocess.run(
                    ["git", "http-backend"],
                    input=body,
                    capture_output=True,
                    check=True,
                    env=_ENV
                    | {
                        "GIT_PROJECT_ROOT": str(outer.folder),
                        "GIT_HTTP_EXPORT_ALL": "1",
                        "REMOTE_USER": "a",
                        "PATH_INFO": path,
                        "QUERY_STRING": query,
                        "REQUEST_METHOD": self.command,
                        "CONTENT_TYPE": self.headers.get("content-type", ""),
                        "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                    },
                )
                head, _, said = done.stdout.partition(b"\r\n\r\n")
                lines = [each.split(": ", 1) for each in head.decode().split("\r\n")]
                status = next((int(text[:3]) for name, text in lines if name == "Status"), 200)
                self._send(status, [(a, b) for a, b in lines if a != "Status"], said)

            def _send(self, status, headers, said) -> None:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def last(self) -> Push:
        return push(next(each for each in reversed(self.pushes) if each != FLUSH))


class _Tree:
    def __init__(self, folder: Path, server: _Server, object_format: str) -> None:
        self.folder, self.server = folder, server
        bare = server.folder / "org" / "repo.git"
        git(
            server.folder, "init", "-q", "--bare", f"--object-format={object_format}", "-b", "main", str(bare)
        )
        for key in ("receive.advertisePushOptions", "http.receivepack"):
            git(bare, "config", key, "true")
        git(server.folder, "init", "-q", f"--object-format={object_format}", "-b", "main", str(folder))
        self.git("remote", "add", "origin", f"{server.url}/org/repo.git")
        self.commit("one")
        self.commit("two")
        self.git("push", "-q", "origin", "main")

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    def commit(self, name: str) -> None:
        (self.folder / name).write_text(name * 100)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=_ENV | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


@pytest.fixture
def server(tmp_path):
    made = _Server(tmp_path)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(params=["sha1", "sha256"])
def tree(request, tmp_path, server):
    return _Tree(tmp_path / "tree", server, request.param)


def _one(ref, change, force):
    return (Update(ref=ref, change=change, force=force),)


def test_the_first_push_of_a_branch_creates_it(tree):
    assert tree.server.last().updates == _one("refs/heads/main", GitChange.CREATE, False)


def test_a_push_of_new_commits_on_top_is_no_force_push(tree):
    tree.commit("three")
    tree.commit("four")
    tree.git("push", "-q", "origin", "main")
    assert tree.server.last().updates == _one("refs/heads/main", GitChange.UPDATE, False)


def test_a_push_with_options_is_read_behind_them(tree):
    tree.commit("three")
    tree.git("push", "-q", "-o", "ci.skip", "-o", "topic=x", "origin", "main")
    assert tree.server.last().updates == _one("refs/heads/main", GitChange.UPDATE, False)


def test_a_merge_on_top_is_no_force_push(tree):
    tree.git("checkout", "-q", "-b", "side", "HEAD~1")
    tree.commit("side")
    tree.git("checkout", "-q", "main")
    tree.git("merge", "-q", "--no-edit", "side")
    tree.git("push", "-q", "origin", "main")
    assert tree.server.last().updates == _one("refs/heads/main", GitChange.UPDATE, False)


def test_of_an_amended_commit_nobody_can_tell_from_the_push_alone(tree):
    tree.git("commit", "-q", "--amend", "-m", "other")
    tree.git("push", "-q", "--force", "origin", "main")
    assert tree.server.last().updates == _one("refs/heads/main", GitChange.UPDATE, None)


def test_a_step_back_brings_nothing_and_nobody_can_tell(tree):
    tree.git("push", "-q", "--force", "origin", "HEAD~1:main")
    assert tree.server.last().updates == _one("refs/heads/main", GitChange.UPDATE, None)


def test_another_history_from_its_root_is_a_force_push(tree):
    tree.git("checkout", "-q", "--orphan", "new")
    tree.commit("root")
    tree.git("push", "-q", "--force", "origin", "new:main")
    assert tree.server.last().updates == _one("refs/heads/main", GitChange.UPDATE, True)


def test_a_tag_that_moves_is_a_force_push(tree):
    tree.git("tag", "-a", "-m", "v1", "v1")
    tree.git("push", "-q", "origin", "v1")
    assert tree.server.last().updates == _one("refs/tags/v1", GitChange.CREATE, False)
    tree.commit("three")
    tree.git("tag", "-f", "-a", "-m", "v1", "v1")
    tree.git("push", "-q", "--force", "origin", "v1")
    assert tree.server.last().updates == _one("refs/tags/v1", GitChange.UPDATE, True)


def test_several_references_at_once_are_all_told_also_deletions(tree):
    tree.git("push", "-q", "origin", "main:gone")
    tree.commit("three")
    tree.git("push", "-q", "--atomic", "origin", "main", "main:other", ":gone")
    assert set(tree.server.last().updates) == {
        Update(ref="refs/heads/main", change=GitChange.UPDATE, force=False),
        Update(ref="refs/heads/other", change=GitChange.CREATE, force=False),
        Update(ref="refs/heads/gone", change=GitChange.DELETE, force=True),
    }


def test_a_push_in_chunks_asks_first_and_its_beginning_is_enough(tree):
    tree.git("config", "http.postBuffer", "65536")
    (tree.folder / "large").write_bytes(
        b"".join(bytes([i * j % 251]) for i in range(999) for j in range(400))
    )
    tree.commit("large one")
    tree.git("push", "-q", "origin", "main")
    assert FLUSH in tree.server.pushes and push(FLUSH).updates == ()
    whole = tree.server.pushes[-1]
    cut = push(whole[: len(whole) // 2])
    assert cut.updates == push(whole).updates == _one("refs/heads/main", GitChange.UPDATE, False)


def test_no_beginning_of_a_push_is_taken_for_another_one(tree):
    tree.commit("three")
    tree.git("push", "-q", "origin", "main")
    whole = tree.server.pushes[-1]
    for end in range(len(whole)):
        try:
            (update,) = push(whole[:end]).updates
        except BadHttp:
            continue
        assert update.force in (False, None)


def test_git_itself_tells_its_user_why_a_push_was_refused(tree):
    tree.commit("three")
    tree.server.why = "the policy says no (rule 7)"
    with pytest.raises(
        RuntimeError, match=r"\[remote rejected\] main -> main \(the policy says no \(rule 7\)\)"
    ):
        tree.git("push", "origin", "main")


def test_commits_as_deltas_are_followed(tmp_path, server):
    tree = _Tree(tmp_path / "tree", server, "sha1")
    for index in range(6):
        tree.git("commit", "-q", "--allow-empty", "-m", "a long message that stays " * 40 + str(index))
    tree.git("push", "-q", "origin", "main")
    old = tree.git("rev-parse", "HEAD~6").strip()
    names = tree.git("rev-list", f"{old}..HEAD")
    pack = subprocess.run(
        ["git", "pack-objects", "--stdout", "--depth=50", "--window=50", "--delta-base-offset", "--thin"],
        input=names.encode(), cwd=tree.folder, env=_ENV, capture_output=True, check=True,
    ).stdout  # fmt: skip
    new = tree.git("rev-parse", "HEAD").strip()
    body = line(f"{old} {new} refs/heads/main\0report-status".encode()) + FLUSH + pack
    assert push(body).updates == _one("refs/heads/main", GitChange.UPDATE, False)


_ZERO, _SOME = b"0" * 40, b"1" * 40
_TO_A = _ZERO + b" " + _SOME + b" refs/heads/a"


@pytest.mark.parametrize(
    "body",
    [
        line(b"push-cert\0report-status\n") + FLUSH,
        line(_ZERO + b" " + _SOME + b" HEAD\0") + FLUSH,
        line(_ZERO + b" " + _SOME + b" refs/heads/../../x\0") + FLUSH,
        line(_ZERO + b" " + _SOME + b" refs/heads/a b\0") + FLUSH,
        line(_ZERO + b" " + _SOME + b" refs/heads/a\0")
        + line(_ZERO + b" " + _SOME + b" refs/heads/a")
        + FLUSH,
        line(_ZERO + b" " + _SOME + b" refs/heads/a\0"),
        line(_ZERO + b" " + _SOME + b"1 refs/heads/a\0") + FLUSH,
        b"0001",
        b"zzzz",
        b"",
    ],
)
def test_what_is_no_push_or_a_signed_one_is_refused(body):
    with pytest.raises(BadHttp):
        push(body)
