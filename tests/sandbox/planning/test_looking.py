"""What is read of this machine for a plan."""

import os
import socket
from pathlib import Path

from ringfence.sandbox.planning.host import Kind
from ringfence.sandbox.planning.looking import HostFiles, look


def test_files_are_told_apart_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    files = HostFiles()
    entries = (
        ("file", Kind.FILE),
        ("folder", Kind.FOLDER),
        ("link", Kind.LINK),
        ("pipe", Kind.OTHER),
        ("socket", Kind.OTHER),
    )
    assert files.entries(str(tmp_path)) == entries
    assert tuple((name, files.kind(str(tmp_path / name))) for name, _ in entries) == entries
    assert (files.link(str(tmp_path / "link")), files.link(str(tmp_path / "file"))) == ("folder", "")


def test_what_cannot_be_looked_at_is_not_there(tmp_path: Path) -> None:
    files = HostFiles()
    for path in (str(tmp_path / "none"), "/a\0b", f"/{'x' * 300}"):
        looked = (files.kind(path), files.entries(path), files.link(path), files.owner(path))
        assert looked == (None, (), "", None)


def test_names_that_are_no_text_keep_their_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\nx")
    (tmp_path / name).write_text("")
    assert HostFiles().entries(str(tmp_path)) == ((name, Kind.FILE),)


def test_owners_programs_and_filesystems(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "data").write_text("")
    (tmp_path / "data").chmod(0o644)
    files = HostFiles()
    assert files.owner(str(tmp_path)) == (os.geteuid(), tmp_path.stat().st_gid)
    assert [files.is_executable(str(tmp_path / each)) for each in ("run", "data", "none")] == [
        True,
        False,
        False,
    ]
    assert (files.filesystem("/proc/self"), files.filesystem("/sys/kernel")) == ("proc", "sysfs")
    assert files.is_writable(str(tmp_path))


def test_sockets_are_those_that_the_environment_names() -> None:
    environment = {
        "SSH_AUTH_SOCK": "/tmp/ssh-x/agent.1",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus,guid=1;tcp:host=x",
        "DOCKER_HOST": "unix:///home/ann/docker.sock",
        "TMUX": "/tmp/tmux-1000/default,123,0",
        "XDG_RUNTIME_DIR": "/run/user/1000",
        "WAYLAND_DISPLAY": "wayland-0",
        "VSCODE_IPC_HOOK_CLI": "/run/user/1000/vscode-ipc.sock",
        "KITTY_LISTEN_ON": "unix:@kitty",
        "GNOME_KEYRING_CONTROL": "relative",
        "NVIM": "/",
    }
    host = look(environment, home="/home/ann/", own=("/home/ann/.local/state/ringfence/",))
    assert host.sockets == (
        "/home/ann/docker.sock",
        "/run/user/1000",
        "/run/user/1000/bus",
        "/run/user/1000/vscode-ipc.sock",
        "/run/user/1000/wayland-0",
        "/tmp/ssh-x/agent.1",
        "/tmp/tmux-1000/default",
    )
    assert (host.home, host.state) == ("/home/ann", ("/home/ann/.local/state/ringfence",))
    assert (host.user.uid, host.user.gid) == (os.geteuid(), os.getegid())
