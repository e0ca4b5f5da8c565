"""What goes wrong on the way out of real boxes: program and ledger are told why, and nothing stays."""

import json
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from egress.upstream_servers import Handler, http_server, tls_for
from real.running import PATIENCE_S, Place, appears, descendants, left, place, until
from real.world import Host, host, keep, lead

_SECRET = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_GRANTED = "{host: api.example.com}"


class _Streams(Handler):
    """Sends an event, and then only when it is told to; keeps whether its client is still there."""

    ends: ClassVar[threading.Event]
    broke: ClassVar[threading.Event]

    def do_GET(self) -> None:  # noqa: N802
        if self.path != "/events":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.close_connection = True
        try:
            self.connection.settimeout(PATIENCE_S)
            assert self.connection.recv(1) == b""
        except OSError:
            pass
        self.broke.set()


class _Dies(Handler):
    """Breaks off in the middle of a body, or before any answer."""

    def do_GET(self) -> None:  # noqa: N802
        self.close_connection = True
        if self.path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"the first half")
        elif self.path == "/chunk":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"20\r\nthe first half")


@contextmanager
def _streams() -> Iterator[type[_Streams]]:
    _Streams.broke = threading.Event()
    yield _Streams


def _refused(here: Place) -> Any:
    """What its newest session's record says of refusals, by host."""
    return {each["host"]: each["why"] for each in here.report()["hosts"] if each["refused"]}


def _lock(here: Place) -> None:
    """Its vault is opened with a passphrase from now on."""
    words = here.home / "words"
    words.write_text("correct horse battery staple\n")
    words.chmod(0o600)
    here.own(words)
    locked = here.ringfence("vault", "key", "passphrase", "--new-passphrase-file", str(words))
    assert locked.exit == 0, locked


def test_a_vault_that_is_locked_meanwhile_is_told_where_its_secret_is_wanted() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network=_GRANTED, credentials="{name: API_TOKEN, host: api.example.com}")
        keep(here, "API_TOKEN", "--kind", "bearer", "--host", "api.example.com", secret=_SECRET)
        script = """
            ask() { curl -s -m 20 -H "Authorization: Bearer $API_TOKEN" https://api.example.com/$1; echo; }
            ask 1; echo > first; until [ -e go ]; do sleep 0.02; done; ask 2
        """
        process = here.start("run", "--", "sh", "-c", script)
        appears(here.tree / "first")
        _lock(here)
        here.write("go", "")
        out, err = process.communicate(timeout=PATIENCE_S)
        first, second = out.decode().split("\n", 1)
        assert first.startswith("GET /1 api.example.com"), err
        assert "the vault is opened with a passphrase" in second, second
        assert "the vault is opened with a passphrase" in _refused(here)["api.example.com"]


def test_a_locked_vault_is_told_before_anything_starts() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network=_GRANTED, credentials="{name: API_TOKEN, host: api.example.com}")
        keep(here, "API_TOKEN", "--kind", "bearer", "--host", "api.example.com", secret=_SECRET)
        _lock(here)
        done = here.sh("echo started")
        assert (done.exit, done.out) == (125, ""), done
        assert "the vault is opened with a passphrase, and nobody is there to be asked for it" in done.err
        assert "ringfence vault key file" in done.err


def test_what_a_changed_policy_refuses_ends_and_its_next_request_is_refused() -> None:
    with place() as here, _streams() as handler, host("api.example.com", handler) as api:
        lead(here, api, network="{host: api.example.com, paths: [/events, /kept]}")
        here.write("kept.py", _KEPT)
        script = """
            python3 kept.py & curl -sS -N -m 300 https://api.example.com/events > events; echo "$?" > ended
            wait; curl -s -m 15 https://api.example.com/events
        """
        process = here.start("run", "--", "sh", "-c", script)
        until(lambda: _text(here, "events") == "data: first\n\n", "the first event")
        assert appears(here.tree / "kept") == "200\n"
        lead(here, api, network="{host: api.example.com, paths: [/other]}")
        assert appears(here.tree / "ended") != "0\n"
        assert handler.broke.wait(PATIENCE_S)
        here.write("go", "")
        out, err = process.communicate(timeout=PATIENCE_S)
        assert _text(here, "again") in ("403\n", "ended\n"), err
        assert b"denied by section agents" in out, err
        assert _refused(here) == {"api.example.com": "no rule for it"}


_KEPT = """
import http.client, os, time
c = http.client.HTTPSConnection("api.example.com", timeout=20)
c.request("GET", "/kept")
a = c.getresponse(); a.read(); open("kept", "w").write(f"{a.status}\\n")
while not os.path.exists("go"):
    time.sleep(0.02)
try:
    c.auto_open = 0
    c.request("GET", "/kept")
    said = str(c.getresponse().status)
except (OSError, http.client.HTTPException):
    said = "ended"
open("again", "w").write(said + "\\n")
"""


def test_a_run_that_is_killed_leaves_no_connection_and_no_session() -> None:
    with place() as here, _streams() as handler, host("api.example.com", handler) as api:
        lead(here, api, network=_GRANTED)
        process = here.start(
            "run", "--", "curl", "-sS", "-N", "-o", "events", "https://api.example.com/events"
        )
        until(lambda: _text(here, "events") == "data: first\n\n", "the first event")
        (daemon,) = here.document("daemon", "status")["daemons"]
        before = descendants(daemon["pid"])
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)
        assert handler.broke.wait(PATIENCE_S), "the host's side is still open"
        until(lambda: len(descendants(daemon["pid"])) < len(before), "the end of the session's proxy")
        until(lambda: not left(str(here.tree)), lambda: f"the end of {left(str(here.tree))}")
        done = here.run("curl", "-sS", "-m", "15", "https://api.example.com/next")
        assert done.out.startswith("GET /next "), done
        assert [each["pid"] for each in here.document("daemon", "status")["daemons"]] == [daemon["pid"]]


def test_hosts_that_are_not_in_order_are_told_as_such() -> None:
    """One dies in its body, one has somebody else's certificate, one speaks no TLS, one is gone."""
    with (
        place() as here,
        host("api.example.com", _Dies) as dies,
        host("plain.example.com", _Dies) as plain,
        http_server(Handler, tls=tls_for("other.example.com")) as (_, other),
        _mute() as mute,
    ):
        names = ("wrong.example.com", "mute.example.com", "gone.example.com")
        ports = (other, mute, _nobody())
        hosts = [Host(name=name, port=port) for name, port in zip(names, ports, strict=True)]
        lead(
            here,
            dies,
            plain,
            *hosts,
            network='{host: "*.example.com"}',
            credentials="{name: API_TOKEN, host: api.example.com}",
        )
        keep(here, "API_TOKEN", "--kind", "bearer", "--host", "api.example.com", secret=_SECRET)
        script = """
            for path in half chunk none; do
                curl -s -m 20 -o $path -w '%{http_code} ' https://plain.example.com/$path; echo $?
                curl -s -m 20 -o $path -w '%{http_code} ' -H "Authorization: Bearer $API_TOKEN" \\
                    https://api.example.com/$path; echo $?
            done
            for name in wrong mute gone; do
                curl -s -m 20 -o $name -w '%{http_code} ' https://$name.example.com/; echo $?
            done
        """
        done = here.sh(script)
        assert done.out.splitlines() == [
            *["200 56", "200 56"],
            *["200 56", "200 56"],
            *["502 0", "502 0"],
            *["502 0", "502 0", "502 0"],
        ], done
        assert "certificate" in _text(here, "wrong"), _text(here, "wrong")
        assert _SECRET not in "".join(_text(here, each) for each in here.names())
        why = _refused(here)
        assert why.pop("gone.example.com").endswith(" cannot be reached: Connection refused")
        assert "certificate" in why.pop("wrong.example.com")
        assert why == {
            "api.example.com": "a body is cut short",
            "plain.example.com": "the host broke off before its answer was whole",
            "mute.example.com": "the host speaks no good TLS",
        }


def _room_for(size: int) -> Callable[[], None]:
    """No file of its own, nor of what it starts, becomes longer than that many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_nothing_goes_out_that_cannot_be_recorded() -> None:
    _Counts.paths.clear()
    room = _AUTHORITIES.stat().st_size + 50_000
    with place() as here, host("api.example.com", _Counts) as api:
        lead(here, api, network="{host: api.example.com, paths: [/**]}")
        asks = "curl -s -m 60 'https://api.example.com/[1-300]'; curl -s -m 20 https://api.example.com/last"
        done = here.sh(asks, before=(_room_for(room),))
        assert "the ledger's file cannot be used" in done.out, done
        assert "the ledger's file cannot be used" in done.err, done
        assert 0 < len(_Counts.paths) < 300
        assert set(_Counts.paths) <= _recorded(here)


def test_a_box_for_which_there_is_no_room_does_not_start() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network=_GRANTED)
        done = here.sh("echo started", before=(_room_for(120_000),))
        assert (done.exit, done.out) == (125, "")
        assert done.err.startswith("ringfence: error: this system allows no more room on disk\n"), done


class _Counts(Handler):
    """Keeps what it is asked for."""

    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802
        self.paths.append(self.path)
        self.answer(b"")


def _recorded(here: Place) -> set[str]:
    said = here.ringfence("ledger", "show", "--json", "--type", "decision.made").out
    actions = [each["body"]["action"] for each in json.loads(said)["events"]]
    return {each["path"] for each in actions if each["action"] == "http.request"}


def test_connections_that_programs_leave_half_open_hold_nothing_up() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network=_GRANTED)
        here.write("half.py", _HALF)
        done = here.sh("python3 half.py; curl -sS -m 20 https://api.example.com/after")
        assert done.out.startswith("GET /after "), done
        assert here.report()["state"] == "ended"


_HALF = """
import socket, struct
kept = []
for begun in (b"", b"\\x16\\x03\\x01", b"GET / HT", b"CONNECT api.example.com:443 HTTP/1.1\\r\\n"):
    for ends in ("write", "reset", "stay"):
        s = socket.create_connection(("api.example.com", 443 if begun[:1] == b"\\x16" else 80), 10)
        s.sendall(begun)
        if ends == "write":
            s.shutdown(socket.SHUT_WR)
        if ends == "reset":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        kept.append(s)
"""


@contextmanager
def _mute() -> Iterator[int]:
    """Speaks something else than TLS."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                made, _ = listening.accept()
            except OSError:
                return
            with made:
                made.recv(1)
                made.sendall(b"220 a host of something else\r\n")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def _nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _text(here: Place, name: str) -> str:
    path = here.tree / name
    return path.read_text("latin-1") if path.is_file() else ""


def test_a_host_whose_authority_is_a_file_that_is_missing_is_not_reached() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        (here.home / "outside.pem").unlink()
        done = here.sh("curl -s -m 20 -w ' %{http_code}' https://api.example.com/x")
        said, _, code = done.out.rpartition(" ")
        assert code == "502", done
        assert "ringfence.yaml:13 names cannot be read\nringfence: hint: it is a file of certificates" in said


def test_of_a_login_that_is_half_written_nothing_is_taken_and_its_box_finds_nothing() -> None:
    with place(repository=True) as here, host("api.anthropic.com") as api:
        lead(here, api, network="")
        folder = here.own(here.home / ".claude", make=True)
        half = json.dumps({"claudeAiOauth": {"accessToken": _SECRET, "refreshToken": _SECRET}})[:80]
        (folder / ".credentials.json").write_text(half)
        here.own(folder / ".credentials.json")
        script = "cat ~/.claude/.credentials.json; env | grep -c ANTHROPIC_API_KEY; echo ran"
        done = here.ringfence("run", "--adopt", "--agent", "claude", "--", "sh", "-c", script)
        assert (done.exit, done.out) == (0, "0\nran\n"), done
        assert f"{folder}/.credentials.json: Claude Code: left: the file is not whole" in done.err
        assert _SECRET[:20] not in done.err
        assert here.ringfence("vault", "list").out.startswith("there is no vault yet")
