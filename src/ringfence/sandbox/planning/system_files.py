"""What every box has of the host's system, and what it has instead of it: programs, libraries, some settings.

Only what exists is given, links as links: a box has /bin as the host has it, merged into /usr or not.
Nothing here can be written, and nothing tells who uses the machine.

Sources: hier(7), file-hierarchy(7), proc(5).
"""

from collections.abc import Iterator

from ringfence.sandbox.plan import Mount, MountKind, Why
from ringfence.sandbox.planning.host import Files, Kind

__all__ = ["ESSENTIAL", "HOST_NAME", "KERNEL", "OWN", "SETTINGS", "SYSTEM", "of_kernel", "of_system", "own"]

HOST_NAME = "ringfence"
SYSTEM = Why(text="system")
SETTINGS = Why(text="settings of the system")
KERNEL = Why(text="kernel")
OWN = Why(text="own")

ESSENTIAL = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_PROGRAMS = (
    *ESSENTIAL,
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/home/linuxbrew/.linuxbrew",
    "/var/lib/ca-certificates",
)
_SETTINGS = (
    *("alternatives", "bash.bashrc", "bash_completion", "bash_completion.d", "bashrc", "crypto-policies"),
    *("debian_version", "fedora-release", "fish", "fonts", "gdb", "gitattributes", "gitconfig", "inputrc"),
    *("java", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.conf", "localtime", "lsb-release"),
    *("magic", "maven", "mime.types", "mtab", "nanorc", "npm", "os-release", "perl", "php", "pki/ca-trust"),
    *("pki/java", "pki/nssdb", "pki/tls/cert.pem", "pki/tls/certs", "pki/tls/openssl.cnf", "profile"),
    *("profile.d", "protocols", "python3", "redhat-release", "services", "shells", "ssl/cert.pem"),
    *("ssl/certs", "ssl/openssl.cnf", "terminfo", "texmf", "timezone", "vim", "vimrc", "zsh", "zshenv"),
    *("zshrc", "zprofile"),
)
_BY_BEGINNING = ("java-", "python3.", "ruby", "clang", "llvm")
_OWN_TEXTS = {
    "/etc/hostname": f"{HOST_NAME}\n",
    "/etc/hosts": f"127.0.0.1 localhost {HOST_NAME}\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n",
    "/etc/resolv.conf": "# Nothing outside of the box is reached from here.\nnameserver 127.0.0.1\n",
}
_IN_MEMORY = {"/tmp": 0o1777, "/var/tmp": 0o1777, "/run": 0o755}  # noqa: S108 - the box's own
_CPU = "/sys/devices/system/cpu"


def of_system(files: Files) -> Iterator[Mount]:
    """Programs and libraries, and settings without secrets."""
    for path in _PROGRAMS:
        yield from _as_on_host(path, files, SYSTEM)
    begun = (each for each, _ in files.entries("/etc") if each.startswith(_BY_BEGINNING))
    for name in dict.fromkeys((*_SETTINGS, *begun)):
        yield from _as_on_host(f"/etc/{name}", files, SETTINGS)


def of_kernel(files: Files) -> Iterator[Mount]:
    """/proc of the box's own processes, devices, and facts of the processor."""
    yield Mount(target="/proc", kind=MountKind.PROC, why=KERNEL)
    yield Mount(target="/dev", kind=MountKind.DEVICES, why=KERNEL)
    if files.kind(_CPU) is Kind.FOLDER:
        yield Mount(target=_CPU, kind=MountKind.READ, source=_CPU, why=KERNEL, runs=False)


def own(uid: int, memory_bytes: int, texts: tuple[tuple[str, bytes], ...]) -> Iterator[Mount]:
    """Folders in memory, and files in place of the host's."""
    for path, mode in (*_IN_MEMORY.items(), (f"/run/user/{uid}", 0o700)):
        yield Mount(target=path, kind=MountKind.MEMORY, why=OWN, size_bytes=memory_bytes, mode=mode)
    yield Mount(target="/var/run", kind=MountKind.SYMLINK, source="/run", why=OWN)
    for path, content in (*((name, text.encode()) for name, text in _OWN_TEXTS.items()), *texts):
        yield Mount(target=path, kind=MountKind.FILE, content=content, mode=0o644, why=OWN, runs=False)


def _as_on_host(path: str, files: Files, why: Why) -> Iterator[Mount]:
    match files.kind(path):
        case Kind.LINK:
            yield Mount(target=path, kind=MountKind.SYMLINK, source=files.link(path), why=why)
        case Kind.FILE | Kind.FOLDER:
            yield Mount(target=path, kind=MountKind.READ, source=path, why=why)
