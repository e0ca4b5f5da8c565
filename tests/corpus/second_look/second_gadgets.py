# ruff: noqa: E501 - tables of samples, one to a line
"""Callables of the standard library and of well-known packages that act, and that few lists name.

Written without knowledge of the detector. Tried with Python 3.11 and an audit hook: those of the standard library act
(one needs IDLE, which is not installed everywhere, some a file that is called `honest`). Of `package_gadgets` most were
seen to act with NumPy, pandas, SciPy, scikit-learn and PyTorch; those of patsy, pydantic and statsmodels were not
tried again.
"""

from collections.abc import Iterator
from random import Random

from corpus.corpus_samples import Kind, Sample
from corpus.second_look.second_builders import (
    CODE,
    COMMAND,
    EXPRESSION,
    call,
    found,
    items,
    listed,
    pairs,
    whole,
)

__all__ = ["KINDS"]

_READ = "/etc/hostname"
_NAMES = ("model.pkl", "weights.pkl", "pytorch_model.bin", "scaler.joblib", "encoder.pickle")
_FILTER = pairs({"version": 1, "filters": pairs({"x": pairs({"()": "os.system", "command": COMMAND})})})
_MAILCAP = pairs({"a/b": listed(pairs({"view": "x", "test": COMMAND}))})
_PIPE = (
    call("pipes:Template")
    + b"\x940"
    + found("pipes", "Template.append")
    + b"(h\x00"
    + b"\x8c\x0btouch acted\x8c\x02--tR0"
    + found("pipes", "Template.copy")
    + b"(h\x00\x8c\x09/dev/null\x8c\x09/dev/nulltR"
)

_RUNS = {
    "osx": call("_osx_support:_read_output", COMMAND), "uuid": call("uuid:_get_command_stdout", "touch", "acted"),
    "boot": call("_bootsubprocess:check_output", listed("touch", "acted")),
    "script-helper": call("test.support.script_helper:run_python_until_end", "-c", CODE), "calltip": call("idlelib.calltip:get_entity", EXPRESSION),
    "profile": call("profile:Profile.run", call("profile:Profile"), CODE), "cprofile": call("cProfile:Profile.run", call("cProfile:Profile"), CODE),
    "bdb": call("bdb:Bdb.run", call("bdb:Bdb"), CODE), "trace": call("trace:Trace.run", call("trace:Trace"), CODE),
    "source": call("code:InteractiveInterpreter.runsource", call("code:InteractiveInterpreter"), CODE),
    "console": call("code:InteractiveConsole.push", call("code:InteractiveConsole"), CODE),
    "forward": call("typing:ForwardRef._evaluate", call("typing:ForwardRef", EXPRESSION), b"}", b"}", call("builtins:frozenset")),
    "create-fn": call("dataclasses:_create_fn", "f", listed("a=" + EXPRESSION), listed("pass")),
    "timer": call("timeit:Timer.timeit", call("timeit:Timer", CODE), 1), "dict-config": call("logging.config:dictConfig", _FILTER),
    "resolver": call("logging.config:BaseConfigurator.resolve", call("logging.config:BaseConfigurator", b"}"), "os.system") + items(COMMAND) + b"R",
    "entry-point": call("importlib.metadata:EntryPoint.load", call("importlib.metadata:EntryPoint", "x", "os:system", "g")) + items(COMMAND) + b"R",
    "pipes": _PIPE, "mailcap": call("mailcap:findmatch", _MAILCAP, "a/b"), "spawn": call("distutils.spawn:spawn", listed("touch", "acted")),
    "dll": call("ctypes:CDLL.__getitem__", call("ctypes:CDLL", None), "system") + items(b"C\x0btouch acted") + b"R",
    "asyncio": call("asyncio.runners:run", call("asyncio.subprocess:create_subprocess_shell", COMMAND)), "module-code": call("runpy:_run_module_code", CODE, None, "x"),
    "doctest": call("doctest:run_docstring_examples", ">>> " + EXPRESSION + "\n", b"}"), "thread": call("threading:Thread.run", call("threading:Thread", None, found("os", "system"), None, items(COMMAND))),
    "case": call("unittest.case:FunctionTestCase.runTest", call("unittest.case:FunctionTestCase", call("functools:partial", found("os", "system"), COMMAND))),
    "util-execute": call("distutils.util:execute", found("os", "system"), items(COMMAND)), "spawnlp": call("os:spawnlp", 0, "touch", "touch", "acted"),
}  # fmt: skip

_WRITES = {
    "mbox": call("mailbox:mbox", "acted"), "maildir": call("mailbox:Maildir", "acted"), "zip": call("zipfile:ZipFile", "acted", "w"), "tar": call("tarfile:open", "acted", "w"),
    "gzip": call("gzip:open", "acted", "wb"), "gzip-file": call("gzip:GzipFile", "acted", "wb"), "bz2": call("bz2:BZ2File", "acted", "wb"), "lzma": call("lzma:LZMAFile", "acted", "wb"),
    "wave": call("wave:open", "acted", "wb"), "path": call("pathlib:Path.write_text", call("pathlib:Path", "acted"), "x"), "touch": call("pathlib:Path.touch", call("pathlib:PosixPath", "acted")),
    "mkdir": call("os:mkdir", "acted"), "symlink": call("os:symlink", _READ, "acted"), "fileio": call("_io:FileIO", "acted", "w"), "pyio": call("_pyio:open", "acted", "w"), "makedirs": call("os:makedirs", "acted"),
    "mkfifo": call("os:mkfifo", "acted"), "zipapp": call("shutil:make_archive", "acted", "tar", "/etc/apt"), "rotating": call("logging.handlers:RotatingFileHandler", "acted"), "mkpath": call("distutils.dir_util:mkpath", "acted"),
    "copy": call("distutils.file_util:copy_file", _READ, "acted"), "dumb": call("dbm.dumb:open", "acted", "c"), "shelf": call("shelve:DbfilenameShelf", "acted"), "mkdtemp": call("tempfile:mkdtemp", "", "acted", "."),
    "rename": call("os:replace", "honest", "acted"), "sax": call("xml.sax.saxutils:XMLGenerator", call("_io:FileIO", "acted", "w")), "writedoc": call("pydoc:writedoc", "this"), "history": call("readline:write_history_file", "acted"),
    "tree-write": call("xml.etree.ElementTree:ElementTree.write", call("xml.etree.ElementTree:ElementTree", call("xml.etree.ElementTree:Element", "a")), "acted"), "chmod": call("os:chmod", "honest", 0),
    "truncate": call("os:truncate", "honest", 0), "plist": call("plistlib:dump", b"}", call("_io:open", "acted", "wb")), "kill": call("os:kill", call("os:getpid"), 15), "abort": call("os:abort"), "exit": call("os:_exit", 0),
    "segv": call("faulthandler:_sigsegv"), "string-at": call("ctypes:string_at", 0), "raise": call("signal:raise_signal", 9),
}  # fmt: skip

_REACHES = {
    "linecache": call("linecache:getlines", _READ), "include": call("xml.etree.ElementInclude:default_loader", _READ, "text"), "fileinput": call("builtins:list", call("fileinput:input", _READ)),
    "read-text": call("pathlib:Path.read_text", call("pathlib:Path", _READ)), "netrc": call("netrc:netrc", _READ), "tokenize": call("tokenize:open", _READ), "parse": call("xml.dom.minidom:parse", _READ),
    "config": call("configparser:RawConfigParser.read", call("configparser:ConfigParser"), _READ), "http": call("http.client:HTTPConnection.connect", call("http.client:HTTPConnection", "127.0.0.1", 9)),
    "client": call("multiprocessing.connection:Client", items("127.0.0.1", 9)), "listener": call("multiprocessing.connection:Listener", items("127.0.0.1", 0)), "certificate": call("ssl:get_server_certificate", items("127.0.0.1", 9)),
    "server": call("socketserver:TCPServer", items("127.0.0.1", 0), found("socketserver", "BaseRequestHandler")), "wsgi": call("wsgiref.simple_server:make_server", "127.0.0.1", 0, None), "syslog": call("logging.handlers:SocketHandler.makeSocket", call("logging.handlers:SocketHandler", "127.0.0.1", 9)),
    "robots": call("urllib.robotparser:RobotFileParser.read", call("urllib.robotparser:RobotFileParser", "http://127.0.0.1:9/")), "opener": call("urllib.request:OpenerDirector.open", call("urllib.request:build_opener"), "http://127.0.0.1:9/"),
    "resolve": call("socket:getaddrinfo", "localhost", 80), "hosts": call("socket:gethostbyname", "localhost"), "xmlrpc": call("xmlrpc.client:ServerProxy._ServerProxy__request", call("xmlrpc.client:ServerProxy", "http://127.0.0.1:9/"), "x", b")"),
    "listdir": call("os:listdir", "/"), "glob": call("glob:glob", "/etc/host*"), "walk": call("builtins:list", call("os:scandir", "/etc/apt")), "os-open": call("os:open", _READ, 0), "mmap": call("mmap:mmap", call("os:open", _READ, 0), 1, 1, 1),
    "history": call("readline:read_history_file", _READ), "importer": call("importlib.machinery:SourceFileLoader.get_data", call("importlib.machinery:SourceFileLoader", "x", _READ), _READ), "pkg-data": call("pkgutil:get_data", "json", "../" * 9 + "etc/hostname"),
}  # fmt: skip

_PACKAGES = {
    "numpy-measure": call("numpy.testing._private.utils:measure", CODE), "numpy-raises": call("numpy.testing:assert_raises", found("builtins", "OSError"), found("os", "system"), COMMAND), "numpy-dump": call("numpy:ndarray.dump", call("numpy:zeros", 1), "acted"),
    "numpy-tofile": call("numpy:ndarray.tofile", call("numpy:zeros", 1), "acted"), "numpy-save": call("numpy:save", "acted", 1), "numpy-memmap": call("numpy.lib.format:open_memmap", "acted", "w+", found("builtins", "float"), items(1)), "numpy-text": call("numpy:genfromtxt", _READ, found("builtins", "str")),
    "numpy-source": call("numpy.lib._datasource:open", _READ), "sympy": call("sympy.core.sympify:sympify", EXPRESSION), "sympy-parse": call("sympy.parsing.sympy_parser:parse_expr", EXPRESSION), "sympy-lambdify": call("sympy.utilities.lambdify:lambdify", b")", EXPRESSION) + b")R",
    "pandas-csv": call("pandas:DataFrame.to_csv", call("pandas:DataFrame"), "acted"), "pandas-pickle": call("pandas.io.pickle:to_pickle", 1, "acted"), "pandas-handle": call("pandas.io.common:get_handle", "acted", "w"), "pandas-read": call("pandas:read_csv", _READ), "pandas-import": call("pandas.compat._optional:import_optional_dependency", "this"),
    "torch-exec": call("torch.fx.graph_module:_exec_with_source", CODE, b"}"), "torch-forward": call("torch.fx.graph_module:_forward_from_src", "def forward(a=" + EXPRESSION + "): pass", b"}"), "torch-timer": call("torch.utils.benchmark.utils.timer:Timer.timeit", call("torch.utils.benchmark.utils.timer:Timer", CODE), 1),
    "torch-baton": call("torch.utils.file_baton:FileBaton.try_acquire", call("torch.utils.file_baton:FileBaton", "acted")), "torch-save": call("torch:save", 1, "acted"), "torch-file": call("torch:from_file", "acted", True, 1), "torch-config": call("torch.hub:_import_module", "x", "x.py"),
    "torch-env": call("torch.utils.collect_env:run_and_read_all", found("torch.utils.collect_env", "run"), COMMAND), "torch-checkpoint": call("torch.utils.checkpoint:checkpoint", found("os", "system"), COMMAND), "torch-tensorboard": call("torch.utils.data.datapipes.iter.callable:MapperIterDataPipe", listed(COMMAND), found("os", "system")),
    "joblib-batch": call("joblib.parallel:BatchedCalls.__call__", call("joblib.parallel:BatchedCalls", listed(items(found("os", "system"), items(COMMAND), b"}")), items(None, 1))), "joblib-dump": call("joblib.numpy_pickle:dump", 1, "acted"), "joblib-rename": call("joblib.backports:concurrency_safe_rename", "honest", "acted"), "joblib-logger": call("joblib.logger:PrintTime", "acted"),
    "hub-run": call("huggingface_hub.utils._subprocess:run_subprocess", COMMAND), "fsspec": call("fsspec.core:OpenFile.open", call("fsspec:open", "acted", "w")), "tqdm-map": call("tqdm.contrib.concurrent:thread_map", found("os", "system"), listed(COMMAND)), "psutil": call("psutil:Popen", listed("touch", "acted")),
    "jinja": call("jinja2.environment:Template.render", call("jinja2:Template", "{{ cycler.__init__.__globals__.os.popen('touch acted').read() }}")), "patsy": call("patsy.highlevel:dmatrix", EXPRESSION, b"}"), "dill-eval": call("dill._dill:_eval_repr", EXPRESSION), "dill-file": call("dill._dill:_create_filehandle", "acted", "w", 0, False, True, 1, b"N"),
    "dill-import": call("dill._dill:_import_module", "os.system") + items(COMMAND) + b"R", "cloudpickle-import": call("cloudpickle.cloudpickle:subimport", "this"), "six": call("six:_import_module", "this"), "pydantic": call("pydantic.v1.utils:import_string", "os.system") + items(COMMAND) + b"R",
    "scipy-mat": call("scipy.io:savemat", "acted", b"}"), "scipy-minimize": call("scipy.optimize:brute", call("functools:partial", found("os", "system"), COMMAND), b")"), "matplotlib": call("matplotlib.image:imsave", "acted", listed(listed(1))),
    "networkx": call("networkx.readwrite.edgelist:write_edgelist", call("networkx:Graph"), "acted"), "sklearn-svm": call("sklearn.datasets:load_svmlight_file", _READ), "statsmodels": call("statsmodels.iolib.smpickle:save_pickle", 1, "acted"), "pip-run": call("pip._internal.utils.subprocess:call_subprocess", listed("touch", "acted")),
}  # fmt: skip


def _made(table: dict[str, bytes], rng: Random) -> Iterator[Sample]:
    for number, (name, body) in enumerate(table.items()):
        filler = rng.choice(
            (b"", b"]\x8c\x01aa0", b"}0" * rng.randint(1, 50), b"G?\xf0\0\0\0\0\0\x000" * rng.randint(1, 9))
        )
        if b"h\x00" in body:
            filler = b""
        yield Sample(name=f"{name}.pkl" if number % 2 else rng.choice(_NAMES), data=whole(filler + body))


def running_gadgets(rng: Random) -> Iterator[Sample]:
    """The standard library's own ways to run a command or a text."""
    yield from _made(_RUNS, rng)


def writing_gadgets(rng: Random) -> Iterator[Sample]:
    """Its ways to make, change or remove files, or to end the process."""
    yield from _made(_WRITES, rng)


def reaching_gadgets(rng: Random) -> Iterator[Sample]:
    """Its ways to read files, to look around, to connect or to listen."""
    yield from _made(_REACHES, rng)


def package_gadgets(rng: Random) -> Iterator[Sample]:
    """What packages that stand beside models bring along."""
    yield from _made(_PACKAGES, rng)


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (running_gadgets, writing_gadgets, reaching_gadgets, package_gadgets)
}
