"""Finds, by syntax tree, where code writes, starts, signals or connects; and what takes a receipt for that.

Importing does nothing here; calling does, and so does handing a function on that somebody else may call, and
code that is made of text. A name is followed through imports and through constants of its module; what cannot
be followed and might be an effect counts as one.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "ringfence"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OS = _names("""
    abort chmod chown copy_file_range execl execle execlp execv execve execvp fchmod fchown fork
    forkpty ftruncate kill killpg lchown link makedirs mkdir mkfifo mknod mount pidfd_send_signal
    popen posix_fallocate posix_spawn posix_spawnp remove removedirs removexattr rename renames
    replace rmdir sendfile setns setxattr spawnl spawnv spawnve startfile symlink system truncate
    unlink unshare utime memfd_create pwrite pwritev setpriority write writev
""")
_PACKAGES = _names("""
    subprocess socket shutil tempfile sqlite3 multiprocessing ctypes webbrowser http.client
    urllib.request smtplib ftplib telnetlib asyncio sigstore requests httpx urllib3 psycopg keyring
    pty mmap.mmap signal.pidfd_send_signal signal.raise_signal io.FileIO codecs.open fileinput
    logging logging.handlers socketserver http.server imaplib poplib nntplib xmlrpc shelve dbm runpy
    posix nt _posixsubprocess syslog jeepney.io.blocking readline concurrent.futures.ProcessPoolExecutor venv
""")
# Of those, what only reads, names or compares.
_HARMLESS = _names("""
    socket.inet_ntop socket.inet_pton socket.inet_aton socket.inet_ntoa socket.gethostname
    socket.AddressFamily shutil.which shutil.get_terminal_size shutil.disk_usage
    subprocess.list2cmdline tempfile.gettempdir ctypes.get_errno ctypes.c_long
""")
_PATH = _names("write_text write_bytes unlink rename mkdir chmod lchmod touch rmdir symlink_to hardlink_to")
_FROM_TEXT = _names("eval exec __import__")
_ARCHIVES = _names("zipfile.ZipFile tarfile.open tarfile.TarFile gzip.GzipFile bz2.BZ2File lzma.LZMAFile")
_READ_FLAGS = _names("O_RDONLY O_CLOEXEC O_NOFOLLOW O_NONBLOCK O_NOCTTY O_DIRECTORY O_PATH O_NOATIME")


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """One call that has an effect, and in which function it stands: `module:Class.function`."""

    where: str
    call: str
    line: int


def effects_of(text: str, module: str) -> Iterator[Effect]:
    """Those of one module; `module` is its name below the package."""
    for function, what, node in _effects(ast.parse(text)):
        yield Effect(f"{module}:{'.'.join(function)}" if function else module, what, node.lineno)


def all_effects() -> list[Effect]:
    """Those of the whole source."""
    return sorted(
        effect
        for path in sorted(SOURCE.rglob("*.py"))
        for effect in effects_of(path.read_text(), module_of(path))
    )


def module_of(path: Path) -> str:
    """`gate.seals` for src/ringfence/gate/seals.py."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def function_at(where: str) -> tuple[ast.Module, ast.FunctionDef] | None:
    """The function that `module:Class.function` names, and the module that it stands in."""
    module, _, qualified = where.partition(":")
    path = SOURCE.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        return None
    tree = ast.parse(path.read_text())
    body: list[ast.stmt] = tree.body
    found: ast.stmt | None = None
    for part in qualified.split("."):
        found = next(
            (n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == part), None
        )
        body = found.body if isinstance(found, ast.FunctionDef | ast.ClassDef) else []
    return (tree, found) if isinstance(found, ast.FunctionDef) else None


def takes_receipt(tree: ast.Module, function: ast.FunctionDef, action: str) -> bool:
    """Whether it takes a `Receipt[action]` and redeems it, as that type, whatever happens, before any effect.

    A call comes after another one when it ends after it: what stands in its arguments is done before.
    """
    arguments = (*function.args.args, *function.args.kwonlyargs)
    names = {a.arg for a in arguments if a.annotation and ast.unparse(a.annotation) == f"Receipt[{action}]"}
    redeemed = [
        _end(node)
        for node in _always(function.body)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "redeem"
        and len(node.args) == 2
        and ast.unparse(node.args[0]) in names
        and ast.unparse(node.args[1]) == action
    ]
    own = {id(node) for node in ast.walk(function)}
    return bool(redeemed) and all(
        _end(node) > min(redeemed) for _, _, node in _effects(tree) if id(node) in own
    )


def _end(node: ast.expr) -> tuple[int, int]:
    return (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def _always(body: list[ast.stmt]) -> Iterator[ast.expr]:
    """The expressions that are evaluated whenever a function with this body runs to its end."""
    for statement in body:
        match statement:
            case ast.Expr(value=value) | ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                yield from _evaluated(value)
            case ast.Return(value=ast.expr() as value):
                yield from _evaluated(value)
            case ast.If(test=test):
                yield from _evaluated(test)
            case ast.With(items=items, body=inner):
                for item in items:
                    yield from _evaluated(item.context_expr)
                if not any("suppress" in ast.unparse(item.context_expr) for item in items):
                    yield from _always(inner)
            case ast.Try(handlers=[], body=inner):
                yield from _always(inner)


def _evaluated(value: ast.expr) -> Iterator[ast.expr]:
    """An expression and those in it, but for what is only evaluated on some condition, or later."""
    yield value
    if isinstance(
        value, ast.Lambda | ast.IfExp | ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp
    ):
        return
    inner = [value.values[0]] if isinstance(value, ast.BoolOp) else ast.iter_child_nodes(value)
    for child in inner:
        if isinstance(child, ast.keyword):
            yield from _evaluated(child.value)
        elif isinstance(child, ast.expr):
            yield from _evaluated(child)


def _effects(tree: ast.Module) -> Iterator[tuple[tuple[str, ...], str, ast.expr]]:
    """Each effect of a module: in which function, what, and the call or the name that is handed on."""
    names = _imported(tree)
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    yield from _handed_on(tree, (), names, called)
    for function, call in _calls(tree, ()):
        what = _effect(call, names, constants)
        if what:
            yield function, what, call


def _calls(node: ast.AST, function: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ast.Call]]:
    for child in ast.iter_child_nodes(node):
        inner = function
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = (*function, child.name)
        if isinstance(child, ast.Call):
            yield function, child
        yield from _calls(child, inner)


def _handed_on(
    node: ast.AST, function: tuple[str, ...], names: dict[str, str], called: set[int]
) -> Iterator[tuple[tuple[str, ...], str, ast.expr]]:
    """Functions with an effect that are named and not called: given to somebody else, or another name."""
    for child in ast.iter_child_nodes(node):
        inner = function
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = (*function, child.name)
        if isinstance(child, ast.Attribute | ast.Name) and id(child) not in called:
            name = _asked_for(node, child, names)
            if name == "os" or (name and name.startswith("os.") and name[3:] in _OS):
                yield function, name, child
        yield from _handed_on(child, inner, names, called)


def _asked_for(node: ast.AST, child: ast.expr, names: dict[str, str]) -> str | None:
    """What a name stands for: `getattr(os, "kill")` is os.kill, and `os` in `os.kill` nothing of its own."""
    name = _dotted(child, names)
    match node:
        case ast.Attribute():
            return None
        case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[_, ast.Constant(value=str(part)), *_]):
            return name and f"{name}.{part}"
    return name


def _imported(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
                else:
                    names[alias.name.split(".")[0]] = alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        root = _dotted(node.value, names)
        return root and f"{root}.{node.attr}"
    return None


def _effect(call: ast.Call, names: dict[str, str], constants: dict[str, ast.expr]) -> str | None:
    name = _dotted(call.func, names)
    if name is not None:
        if name.startswith("os.") and name[3:] in _OS:
            return name
        if name in _ARCHIVES:
            return None if _reads(call, 1) else name
        if name == "os.open":
            flags = call.args[1] if len(call.args) > 1 else ast.Constant(None)
            return None if _only_reads(flags, constants) else name
        if name not in _HARMLESS and any(name == p or name.startswith(f"{p}.") for p in _PACKAGES):
            return None if _is_exception(name) else name
    if isinstance(call.func, ast.Name) and call.func.id in _FROM_TEXT:
        return call.func.id
    if isinstance(call.func, ast.Name) and call.func.id == "open" and "open" not in names:
        return None if _reads(call, 1) else "open"
    return _method(call, call.func, name) if isinstance(call.func, ast.Attribute) else None


def _method(call: ast.Call, method: ast.Attribute, name: str | None) -> str | None:
    """The effect that a method's name stands for, whosever it is."""
    attribute = method.attr
    if attribute in ("open", "fdopen") and name in (None, "os.fdopen", "io.open", "gzip.open"):
        position = 0 if name is None else 1
        return None if name == "os.fdopen" or _reads(call, position) else f".{attribute}"
    if name is None and attribute in _PATH:
        return f".{attribute}"
    if name is None and attribute == "replace" and len(call.args) == 1 and not call.keywords:
        return ".replace"
    if name is None and attribute in ("bind", "connect", "sendto", "create_connection"):
        return f".{attribute}"
    return None


def _is_exception(name: str) -> bool:
    return name.rsplit(".", 1)[-1].endswith(("Error", "Exception", "Expired"))


def _reads(call: ast.Call, position: int) -> bool:
    """Whether the mode is a constant that only reads."""
    mode = next((k.value for k in call.keywords if k.arg == "mode"), None)
    if mode is None and len(call.args) > position:
        mode = call.args[position]
    if mode is None:
        return True
    return (
        isinstance(mode, ast.Constant) and isinstance(mode.value, str) and not set(mode.value) & set("wax+")
    )


def _only_reads(flags: ast.expr, constants: dict[str, ast.expr]) -> bool:
    match flags:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _only_reads(left, constants) and _only_reads(right, constants)
        case ast.Attribute(attr=name):
            return name in _READ_FLAGS
        case ast.Name(id=name):
            return name in constants and _only_reads(constants[name], {})
        case ast.Call(
            func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), ast.Constant(value=0)]
        ):
            return name in _READ_FLAGS
    return False
