"""What Python's names do when they are called: the few that leave the process, or turn data into code.

Unlike a pickle, honest code calls these every day; what matters is when, and with what. So this table has
exact names and none of the wide ones that judge pickles.
"""

import re
from enum import Enum
from functools import cache
from typing import Final

__all__ = ["Act", "act_of", "has_acts", "leads_to_acts", "sends", "touches"]


class Act(Enum):
    """What a call does, in the words of a finding."""

    COMMAND = "runs a command"
    CODE = "runs text as code"
    BYTECODE = "makes code from bytes"
    NETWORK = "opens a connection"
    NATIVE = "loads native code"
    LOADER = "loads a format that may run code"
    REMOTE = "loads code from elsewhere"
    IMPORT = "imports by a computed name"
    DECODE = "decodes data"
    DELETE = "deletes files"


def _names(act: Act, module: str, names: str) -> dict[str, Act]:
    return {f"{module}.{name}": act for name in names.split()}


_ACTS: Final[dict[str, Act]] = {
    **dict.fromkeys(("exec", "eval", "compile"), Act.CODE),
    **_names(Act.CODE, "builtins", "exec eval compile"),
    **_names(Act.COMMAND, "os", "system popen popen2 popen3 popen4 startfile posix_spawn posix_spawnp"),
    **_names(Act.COMMAND, "os", "execl execle execlp execlpe execv execve execvp execvpe"),
    **_names(Act.COMMAND, "os", "spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe"),
    **_names(Act.COMMAND, "posix", "system popen execv execve posix_spawn"),
    **_names(Act.COMMAND, "nt", "system startfile execv"),
    **_names(Act.COMMAND, "subprocess", "run call Popen check_call check_output getoutput getstatusoutput"),
    **_names(Act.COMMAND, "_posixsubprocess", "fork_exec"),
    **_names(Act.COMMAND, "commands", "getoutput getstatusoutput"),
    **_names(Act.COMMAND, "asyncio", "create_subprocess_exec create_subprocess_shell"),
    **_names(Act.COMMAND, "pexpect", "spawn run"),
    **_names(Act.COMMAND, "pip", "main _internal.main _internal.cli.main.main"),
    **_names(Act.COMMAND, "distutils.spawn", "spawn"),
    **_names(Act.COMMAND, "sh", "bash sh curl wget"),
    **_names(Act.COMMAND, "torch.distributed.run", "main"),
    "pty.spawn": Act.COMMAND,
    "invoke.run": Act.COMMAND,
    "platform.popen": Act.COMMAND,
    **_names(Act.CODE, "code", "interact InteractiveConsole InteractiveInterpreter"),
    **_names(Act.CODE, "runpy", "run_path run_module _run_code"),
    **_names(Act.CODE, "timeit", "timeit repeat"),
    **_names(Act.CODE, "cProfile", "run runctx"),
    **_names(Act.CODE, "bdb", "Bdb().run"),
    **_names(Act.BYTECODE, "marshal", "load loads"),
    **_names(Act.BYTECODE, "types", "CodeType FunctionType"),
    **_names(Act.NETWORK, "requests", "get post put patch delete head request Session session"),
    **_names(Act.NETWORK, "urllib.request", "urlopen urlretrieve Request build_opener"),
    **_names(Act.NETWORK, "urllib", "urlopen urlretrieve"),
    **_names(Act.NETWORK, "urllib2", "urlopen Request"),
    **_names(Act.NETWORK, "urllib3", "PoolManager request"),
    **_names(Act.NETWORK, "http.client", "HTTPConnection HTTPSConnection"),
    **_names(Act.NETWORK, "httplib", "HTTPConnection HTTPSConnection"),
    **_names(Act.NETWORK, "httpx", "get post put patch request stream Client AsyncClient"),
    **_names(Act.NETWORK, "aiohttp", "ClientSession request"),
    **_names(Act.NETWORK, "socket", "socket create_connection gethostbyname getaddrinfo create_server"),
    **_names(Act.NETWORK, "_socket", "socket"),
    **_names(Act.NETWORK, "ftplib", "FTP FTP_TLS"),
    **_names(Act.NETWORK, "smtplib", "SMTP SMTP_SSL"),
    **_names(Act.NETWORK, "paramiko", "SSHClient Transport"),
    **_names(Act.NETWORK, "telnetlib", "Telnet"),
    **_names(Act.NETWORK, "websocket", "WebSocketApp create_connection WebSocket"),
    **_names(Act.NETWORK, "websockets", "connect"),
    **_names(Act.NETWORK, "xmlrpc.client", "ServerProxy"),
    "asyncio.open_connection": Act.NETWORK,
    "wget.download": Act.NETWORK,
    "pycurl.Curl": Act.NETWORK,
    **_names(Act.NATIVE, "ctypes", "CDLL PyDLL WinDLL OleDLL LibraryLoader"),
    **_names(Act.NATIVE, "ctypes.cdll", "LoadLibrary"),
    **_names(Act.NATIVE, "ctypes.windll", "LoadLibrary"),
    **_names(Act.NATIVE, "cffi", "FFI FFI().dlopen FFI().verify"),
    **_names(Act.NATIVE, "torch.ops", "load_library"),
    **_names(Act.NATIVE, "torch.classes", "load_library"),
    **_names(Act.NATIVE, "torch.utils.cpp_extension", "load load_inline"),
    **_names(Act.NATIVE, "tensorflow", "load_op_library load_library"),
    **_names(Act.LOADER, "pickle", "load loads Unpickler"),
    **_names(Act.LOADER, "_pickle", "load loads Unpickler"),
    **_names(Act.LOADER, "cPickle", "load loads"),
    **_names(Act.LOADER, "dill", "load loads"),
    **_names(Act.LOADER, "cloudpickle", "load loads"),
    **_names(Act.LOADER, "joblib", "load"),
    **_names(Act.LOADER, "torch", "load"),
    **_names(Act.LOADER, "shelve", "open"),
    **_names(Act.LOADER, "jsonpickle", "decode"),
    **_names(Act.LOADER, "yaml", "load unsafe_load full_load"),
    **_names(Act.LOADER, "pandas", "read_pickle"),
    **_names(Act.REMOTE, "torch.hub", "load"),
    **_names(Act.REMOTE, "tensorflow_hub", "load KerasLayer"),
    **_names(Act.REMOTE, "kernels", "get_kernel"),
    **_names(Act.REMOTE, "transformers.dynamic_module_utils", "get_class_from_dynamic_module"),
    **_names(Act.IMPORT, "importlib", "import_module __import__"),
    **_names(Act.IMPORT, "importlib.util", "spec_from_file_location"),
    **_names(Act.IMPORT, "importlib.machinery", "SourceFileLoader ExtensionFileLoader SourcelessFileLoader"),
    **_names(Act.IMPORT, "imp", "load_source load_dynamic load_module"),
    "__import__": Act.IMPORT,
    "builtins.__import__": Act.IMPORT,
    **_names(Act.DECODE, "base64", "b64decode b32decode b16decode b85decode a85decode decodebytes"),
    **_names(Act.DECODE, "base64", "urlsafe_b64decode standard_b64decode decodestring b32hexdecode"),
    **_names(Act.DECODE, "zlib", "decompress decompressobj"),
    **_names(Act.DECODE, "gzip", "decompress"),
    **_names(Act.DECODE, "bz2", "decompress"),
    **_names(Act.DECODE, "lzma", "decompress"),
    **_names(Act.DECODE, "codecs", "decode"),
    **_names(Act.DECODE, "binascii", "unhexlify a2b_hex a2b_base64 a2b_uu a2b_qp"),
    **_names(Act.DECODE, "bytes", "fromhex"),
    **_names(Act.DECODE, "bytearray", "fromhex"),
    "cryptography.fernet.Fernet().decrypt": Act.DECODE,
    **_names(Act.DELETE, "shutil", "rmtree"),
    **_names(Act.DELETE, "os", "remove unlink rmdir removedirs"),
}
_MODULES: Final = {
    name.rpartition(".")[0]
    for name, act in _ACTS.items()
    if act in (Act.COMMAND, Act.CODE, Act.BYTECODE, Act.NETWORK, Act.NATIVE)
}
_LEADING: Final = {
    module.rsplit(".", count)[0] for module in _MODULES for count in range(module.count(".") + 1)
}
# Of a library's names one is enough: they are what they are under any parent.
_ANYWHERE: Final = re.compile(
    r"(?:^|\.)_{0,2}(?P<name>os\.(?:system|popen|exec[lv]p?e?|posix_spawnp?)"
    r"|subprocess\.(?:run|call|Popen|check_call|check_output|getoutput)|builtins\.(?:exec|eval))$"
)
# Of a module whose name cannot be worked out.
_OF_ANY_MODULE: Final = re.compile(
    r"^(?:__import__|importlib\.(?:import_module|__import__))\(\)\.(?:system|popen|Popen|check_output|check_call"
    r"|getoutput|execve?|spawn[lv]|exec|eval)$|^__import__\(\)\.\?$"
)
_NATIVE_COMMAND: Final = re.compile(
    r"^ctypes\..*\.(?:system|popen|execv[pe]*|ShellExecute(?:Ex)?[AW]|WinExec|CreateProcess[AW]|CreateThread"
    r"|VirtualAlloc(?:Ex)?|VirtualProtect|RtlMoveMemory|WriteProcessMemory)$"
)
_SENDS: Final = re.compile(
    r"(?:^|\.)(?:requests|httpx|aiohttp|[Ss]ession\(\)|ClientSession\(\)|Client\(\))\.(?:post|put|patch)$"
    r"|^_?socket\.(?:socket|create_connection|gethostbyname)$|^(?:smtplib|ftplib|paramiko|http\.client)\."
    r"|^websockets?\.|^telnetlib\.|^asyncio\.open_connection$"
)
_SECRET: Final = re.compile(
    r"""\.ssh/(?:id_|authorized_keys|identity) | \.aws/credentials | \.config/gcloud/
    | \.azure/(?:accessTokens|msal)
    | \.kube/config | \.docker/config\.json | \.git-credentials | \.netrc$ | /etc/shadow
    | huggingface/token$ | Login\ Data$ | (?:logins|key4)\.(?:json|db)$ | wallet\.dat
    | \.gnupg/ | keychain-db$
    | ^/proc/(?:self|\d+)/environ""",
    re.VERBOSE,
)
_PATH_CHARS: Final = 160  # longer text is about paths, and none itself
_STAYS: Final = re.compile(
    r"""\.(?:bashrc|bash_profile|zshrc|profile)$ | /etc/(?:cron|profile|rc\.local|ld\.so\.preload|systemd/)
    | authorized_keys$ | LaunchAgents | LaunchDaemons | \.config/(?:autostart|systemd) | CurrentVersion\\+Run
    | Start\ Menu\\+Programs\\+Startup | (?:site|user)customize\.py$ | /var/spool/cron""",
    re.VERBOSE,
)


@cache
def act_of(name: str) -> Act | None:
    """What calling the dotted name does; None for all that stays within the process."""
    if (act := _ACTS.get(name)) is not None:
        return act
    if (found := _ANYWHERE.search(name)) is not None:
        return _ACTS.get(found["name"])
    return Act.COMMAND if _NATIVE_COMMAND.search(name) or _OF_ANY_MODULE.search(name) else None


def has_acts(module: str) -> bool:
    """Whether what leaves the process, or runs code, stands in the module of that dotted name."""
    return module in _MODULES


def leads_to_acts(name: str) -> bool:
    """Whether the dotted name is such a module, or has one within."""
    return name in _LEADING


def sends(name: str) -> bool:
    """Whether the connection is there to say something rather than to fetch."""
    return _SENDS.search(name) is not None


def touches(text: str) -> str | None:
    """What place of a person's machine a path is in, where it is one that models have no business with."""
    if len(text) > _PATH_CHARS or "\n" in text:
        return None
    if _SECRET.search(text):
        return "where secrets are kept"
    if _STAYS.search(text):
        return "where programs are started from"
    return None
