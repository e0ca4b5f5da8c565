"""Ways to a secret of the vault, or to another in its place; each leads there without its defence."""

import ctypes
import dataclasses
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import boxes
from ringfence.app.vault.keeping import remove, rotate, set_credential
from ringfence.app.vault.listing import list_vault
from ringfence.core.errors import RingfenceError
from ringfence.gate.state import StateRefused
from ringfence.sandbox.plan import MountKind
from ringfence.vault import file_format, store
from ringfence.vault.credential import Binding
from ringfence.vault.errors import VaultLocked, VaultRefused
from ringfence.vault.kinds import kind_named
from ringfence.vault.linux.memory import hide_memory
from vaults import TOKEN, WHOLE, files_of, keeper_in, put, value_of

_OTHER = "ghp_9ZC7e42F292c6912E7710c838347Ae178Zzz"
_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="takes two accounts")
_VAULT_FILES = ("vault", "vault-*.key", "vault.copy")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that other accounts could come to, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="ringfence-test-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def _file(folder: Path, pattern: str) -> Path:
    (found,) = (folder / "state").glob(pattern)
    return found


def _read_by_another(path: Path) -> object:
    def read() -> object:
        try:
            return path.read_bytes()
        except OSError as error:
            return error.errno

    return boxes.as_user(boxes.ORDINARY, read)


@_AS_ROOT
@pytest.mark.parametrize("name", _VAULT_FILES)
def test_another_account_reads_none_of_the_files(folder: Path, name: str) -> None:
    put(keeper_in(folder))
    path = _file(folder, name)
    assert _read_by_another(path) == 13
    (folder / "state").chmod(0o755)
    assert _read_by_another(path) == 13
    path.chmod(0o644)
    assert _read_by_another(path) == path.read_bytes()  # what both modes are for


@pytest.mark.parametrize("name", _VAULT_FILES[:2])
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o620])
def test_a_file_that_others_could_have_read_or_written_is_refused(folder: Path, name: str, mode: int) -> None:
    put(keeper_in(folder))
    before = files_of(folder)
    _file(folder, name).chmod(mode)
    for use in (list_vault, put, value_of):
        with pytest.raises(StateRefused, match="others can get at it"):
            use(keeper_in(folder))
    assert files_of(folder) == before


@_AS_ROOT
@pytest.mark.parametrize("name", _VAULT_FILES[:2])
def test_a_file_that_somebody_else_owns_is_refused(folder: Path, name: str) -> None:
    put(keeper_in(folder))
    os.chown(_file(folder, name), boxes.ORDINARY, boxes.ORDINARY)
    with pytest.raises(StateRefused, match="belongs to somebody else"):
        list_vault(keeper_in(folder))


@pytest.mark.parametrize("name", [*_VAULT_FILES[:2], "vault.lock"])
def test_a_link_in_the_place_of_a_file_leads_nowhere(folder: Path, name: str) -> None:
    put(keeper_in(folder))
    path = _file(folder, name)
    elsewhere = path.rename(folder / "elsewhere")
    content = elsewhere.read_bytes()
    path.symlink_to(elsewhere)
    with pytest.raises((StateRefused, VaultRefused), match="it cannot be"):
        put(keeper_in(folder), "second")
    assert elsewhere.read_bytes() == content


def test_a_pipe_in_the_place_of_the_vault_holds_nobody_up(folder: Path) -> None:
    put(keeper_in(folder))
    for name in ("vault", "vault.lock"):
        path = folder / "state" / name
        aside = path.rename(folder / "aside")
        os.mkfifo(path, 0o600)
        if name == "vault":
            with pytest.raises(StateRefused, match="not a regular file"):
                list_vault(keeper_in(folder))
        else:
            put(keeper_in(folder), "second")  # a lock is a lock, whatever it lies on
        path.unlink()
        aside.rename(path)


def _swap(folder: Path) -> None:
    """What somebody does who can seal the body, and would have one's secret sent to another's host."""
    keeper = keeper_in(folder)
    state = keeper.vault.state(recorded=0)
    key = keeper.vault.keys.load(state.header.key)
    ours, evil = state.entries
    swapped = (dataclasses.replace(ours, closed=evil.closed), dataclasses.replace(evil, closed=ours.closed))
    changed = dataclasses.replace(state, entries=swapped)
    (folder / "state" / "vault").write_bytes(file_format.closed(changed, key=key, randomness=os.urandom))


def test_the_secrets_of_two_entries_cannot_change_places(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(keeper_in(folder), "evil", _OTHER, "evil.example.com")
    put(keeper_in(folder), "ours", TOKEN)
    _swap(folder)
    for name in ("evil", "ours"):
        with pytest.raises(VaultRefused, match="another's"):
            value_of(keeper_in(folder), name)


def test_without_the_place_that_they_are_bound_to_they_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_format, "_place", lambda _entry: b"")
    put(keeper_in(folder), "evil", _OTHER, "evil.example.com")
    put(keeper_in(folder), "ours", TOKEN)
    _swap(folder)
    assert value_of(keeper_in(folder), "evil") == TOKEN


def _rolled_back(folder: Path) -> None:
    """A token that leaked was rotated; the old files are put back, the copy and the key too."""
    put(keeper_in(folder), value=_OTHER)
    old = files_of(folder)
    rotate(keeper_in(folder), "github", {"token": TOKEN})
    for name, data in old.items():
        (folder / "state" / name).write_bytes(data)


def test_an_older_vault_that_is_put_back_is_refused(folder: Path) -> None:
    _rolled_back(folder)
    before = files_of(folder)
    for use in (
        list_vault,
        value_of,
        lambda keeper: put(keeper, "x"),
        lambda keeper: remove(keeper, "github"),
    ):
        with pytest.raises(VaultRefused, match="has seen state 2"):
            use(keeper_in(folder))
    assert files_of(folder) == before


def test_it_is_refused_where_the_events_that_tell_were_pruned(folder: Path) -> None:
    _rolled_back(folder)
    ledger = keeper_in(folder).door.ledger
    ledger.forget([each.ordinal for each in ledger.read() if each.type.startswith("credential.")])
    assert [each.event for each in ledger.read(types=["credential.kept"])] == [None, None]
    with pytest.raises(VaultRefused, match="has seen state 2"):
        list_vault(keeper_in(folder))


def test_without_the_ledger_s_word_the_older_one_is_taken(folder: Path) -> None:
    _rolled_back(folder)
    credential = keeper_in(folder).vault.credential("github", recorded=0)
    assert credential.authentication.token.reveal().decode() == _OTHER


def test_a_vault_that_was_taken_away_does_not_begin_anew(folder: Path) -> None:
    put(keeper_in(folder))
    for each in (folder / "state").glob("vault*"):
        each.unlink()
    for use in (list_vault, put):
        with pytest.raises(VaultRefused, match="the vault is gone"):
            use(keeper_in(folder))
    assert set(files_of(folder)) <= {"vault.lock"}


@pytest.mark.parametrize("left", [0, 1, 17, 18, 60, 90, 200, -1])
def test_a_vault_that_was_cut_is_refused_and_nothing_is_lost(folder: Path, left: int) -> None:
    put(keeper_in(folder))
    vault = folder / "state" / "vault"
    vault.write_bytes(vault.read_bytes()[:left])
    before = files_of(folder)
    for use in (list_vault, put, value_of):
        with pytest.raises(VaultRefused) as refused:
            use(keeper_in(folder))
        assert "ringfence vault restore" in refused.value.hint
    assert files_of(folder) == before


def test_the_vault_of_another_state_folder_does_not_open_here(folder: Path) -> None:
    put(keeper_in(folder))
    for _ in range(2):
        put(keeper_in(folder / "theirs"), f"x{_}")
    shutil.copy(folder / "theirs" / "state" / "vault", folder / "state" / "vault")
    with pytest.raises(VaultLocked, match="key is not in"):
        list_vault(keeper_in(folder))


def test_a_file_that_asks_for_all_memory_is_refused_before_it_gets_any(folder: Path) -> None:
    put(keeper_in(folder))
    vault = folder / "state" / "vault"
    head = '{"generation":9,"key":{"cost":40,"id":"00112233aabbccdd","place":"passphrase","salt":"%s"}}'
    vault.write_bytes(b"ringfence vault 1\n" + (head % ("00" * 32)).encode() + b"\n" + b"x" * 100)
    with pytest.raises(VaultRefused, match="not as it was written"):
        list_vault(keeper_in(folder))


@pytest.mark.parametrize("kind", WHOLE)
def test_no_refusal_and_no_cause_of_one_repeats_a_secret(folder: Path, kind: str) -> None:
    secrets = {part.name: WHOLE[kind][part.name] for part in kind_named(kind).secrets}
    binding = Binding(hosts=("example.com",))
    keeper = keeper_in(folder, "version: 1\nagents: {mode: enforce}\n")

    def broken(name: str) -> Iterator[dict[str, str]]:
        yield {**WHOLE[kind], name: secrets[name] + "\x07"}
        yield {**WHOLE[kind], name: secrets[name] * 500}
        yield {**{key: text for key, text in WHOLE[kind].items() if key != name}, secrets[name]: "x"}
        yield dict(WHOLE[kind])  # which the policy refuses

    for name, secret in secrets.items():
        for values in broken(name):
            with pytest.raises(RingfenceError) as refused:
                set_credential(keeper, "one", kind_named(kind), values, binding)
            told, error = refused.value.hint, refused.value
            while error is not None:
                told, error = f"{told} {error!r} {error}", error.__cause__ or error.__context__
            assert secret not in told and secret[:30] not in told


def test_a_value_never_stands_in_the_arguments_or_the_environment_of_a_process(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "ringfence.cli.main", "vault", "set", "github", "--host", "h.example"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdin.write(TOKEN.encode())
        running.stdin.flush()
        until = time.monotonic() + 60  # the kernel may still be putting the new program in place
        while b"vault" not in (shown := Path(f"/proc/{running.pid}/cmdline").read_bytes()):
            assert time.monotonic() < until
            os.sched_yield()
        if os.geteuid() == 0:
            shown += Path(f"/proc/{running.pid}/environ").read_bytes()
        out, err = running.communicate(timeout=120)
    assert running.returncode == 0
    assert TOKEN.encode() not in shown + out + err


_DUMPABLE = 4


def _memory_read(*, hidden: bool) -> object:
    """What a program of the same user finds in the memory of a process that has the secret."""

    def attack() -> object:
        ready, told = os.pipe()
        victim = os.fork()
        if victim == 0:
            ctypes.PyDLL(None).prctl(_DUMPABLE, 1, 0, 0, 0)  # as any program is that was executed
            if hidden:
                hide_memory()
            kept = ctypes.create_string_buffer(TOKEN.encode())
            os.write(told, f"{ctypes.addressof(kept)}\n".encode())
            signal.pause()
            os._exit(0)
        try:
            address = int(os.read(ready, 100))
            with open(f"/proc/{victim}/mem", "rb") as memory:
                memory.seek(address)
                return memory.read(len(TOKEN)).decode()
        except OSError as error:
            return error.errno
        finally:
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)

    return boxes.as_user(boxes.ORDINARY, attack) if os.geteuid() == 0 else attack()


def test_another_program_of_the_user_reads_no_memory() -> None:
    assert _memory_read(hidden=True) == 13
    assert _memory_read(hidden=False) == TOKEN


def _dumped(folder: Path, *, hidden: bool) -> bool:
    """Whether the kernel says that it made a core file."""
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        ctypes.PyDLL(None).prctl(_DUMPABLE, 1, 0, 0, 0)
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        if hidden:
            hide_memory()
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGABRT)
        time.sleep(60)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


def test_no_core_file_is_made(folder: Path) -> None:
    assert not _dumped(folder, hidden=True)
    assert list(folder.iterdir()) == []
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:
        assert _dumped(folder, hidden=False)  # what hiding is for


def test_the_command_hides_its_memory_before_it_reads_anything(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    script = """
import ctypes, os
from ringfence.wiring.vault import keeper
keeper(ask=None, tell=print)
print(ctypes.PyDLL(None).prctl(3, 0, 0, 0, 0))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_no_box_finds_the_vault_or_its_key(folder: Path, user: str) -> None:
    state = folder / "state"
    put(keeper_in(folder))
    look = ["/usr/bin/find", "/", "-xdev", "-name", "vault*", "-path", "*state*"]
    assert boxes.run(look, user=user).stdout == b""
    read = ["/bin/cat", *(str(each) for each in sorted(state.glob("vault*")))]
    result = boxes.run(read, user=user)
    assert (result.exit, result.stdout) == (1, b"")
    assert result.stderr.count(b"No such file or directory") == len(read) - 1


def test_a_box_that_was_given_the_state_folder_would_find_it(folder: Path) -> None:
    put(keeper_in(folder))
    state = folder / "state"
    for each in (folder, state, *state.glob("vault*")):
        each.chmod(0o777)
    with boxes.tree_of("ordinary") as tree:
        mounts = (
            *boxes.plan_for(tree=tree, user="ordinary").mounts,
            boxes.bind(str(state), MountKind.READ),
        )
        result = boxes.run(["/bin/cat", f"{state}/vault"], user="ordinary", tree=tree, mounts=mounts)
    assert result.stdout.startswith(b"ringfence vault 1\n")
    assert store.FILE == "vault"
