"""No effect without a receipt: the table of effects is complete, and nothing in it goes without one."""

import ast

import pytest

from effect_finding import SOURCE, Effect, all_effects, effects_of, function_at, module_of, takes_receipt
from ringfence.gate.effects import EFFECTS, OWN


@pytest.fixture(scope="module")
def found() -> list[Effect]:
    return all_effects()


def _module(where: str) -> str:
    return where.partition(":")[0]


def test_every_function_with_an_effect_is_in_the_table_or_is_said_to_be_our_own(found: list[Effect]) -> None:
    missing = [
        f"{each.where}, line {each.line}, calls {each.call}"
        for each in found
        if not {each.where, _module(each.where)} & {*EFFECTS, *OWN}
    ]
    assert not missing, "these need a receipt, or a reason in gate/effects.py"


def test_every_function_in_the_table_takes_the_receipt_of_its_action_and_redeems_it() -> None:
    for where, action in EFFECTS.items():
        found = function_at(where)
        assert found is not None, f"{where} is no more"
        assert takes_receipt(*found, action.__name__), f"{where} redeems no Receipt[{action.__name__}] first"


def test_nobody_but_the_door_makes_receipts() -> None:
    """Of what comes from the gate's seals; a signature's own `seal` would be looked at here too."""
    makers = {
        module_of(path)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr == "seal")
            or (isinstance(node.func, ast.Name) and node.func.id == "Receipt")
        )
    }
    assert makers == {"gate.door", "gate.seals"}


def test_every_reason_is_still_needed(found: list[Effect]) -> None:
    places = {each.where for each in found} | {_module(each.where) for each in found}
    assert sorted(OWN.keys() - places) == []
    assert all(reason for reason in OWN.values())


@pytest.mark.parametrize(
    "line",
    [
        "open('x', 'w')",
        "open('x', mode)",
        "path.open('ab')",
        "path.write_text('x')",
        "path.replace(other)",
        "os.replace('a', 'b')",
        "os.open('x', os.O_RDWR)",
        "os.open('x', flags)",
        "os.open('x', WRITES)",
        "os.kill(1, 9)",
        "os.posix_spawn('x', [], {})",
        "subprocess.run(['x'])",
        "sp.Popen(['x'])",
        "run(['x'])",
        "shutil.rmtree('x')",
        "tempfile.mkdtemp()",
        "socket.create_connection(('x', 1))",
        "somebody.connect(('x', 1))",
        "sqlite3.connect('x')",
        "urlopen('https://example.com')",
        "os.write(fd, b'x')",
        "map(os.unlink, names)",
        "self.forget(os.unlink)",
        "getattr(os, 'unlink')(path)",
        "getattr(os, name)(path)",
        "eval(text)",
        "exec(text)",
        "__import__('os')",
        "zipfile.ZipFile('x', 'w')",
        "zipfile.ZipFile('x', mode)",
        "logging.FileHandler('x')",
        "asyncio.create_subprocess_exec('x')",
        "ctypes.CDLL(None)",
        "mmap.mmap(fd, 0)",
        "posix.unlink('x')",
    ],
)
def test_an_effect_without_a_receipt_is_found_however_it_is_spelled(line: str) -> None:
    text = (
        "import asyncio, ctypes, logging, mmap, os, posix, shutil, socket\n"
        "import sqlite3, subprocess, tempfile, zipfile\nimport subprocess as sp\n"
        "from subprocess import run\nfrom urllib.request import urlopen\n"
        "WRITES = os.O_WRONLY | os.O_CLOEXEC\n"
        f"class Thing:\n    def act(self, path):\n        return {line}\n"
    )
    assert [each.where for each in effects_of(text, "app.thing")] == ["app.thing:Thing.act"]


@pytest.mark.parametrize(
    "line",
    [
        "open('x')",
        "path.open('rb')",
        "text.replace('a', 'b')",
        "os.open('x', os.O_RDONLY | os.O_CLOEXEC)",
        "os.open('x', READS)",
        "socket.inet_ntop(2, b'')",
        "getattr(os, 'sched_getaffinity', None)",
        "zipfile.ZipFile('x')",
        "os.fspath(path)",
    ],
)
def test_what_only_reads_is_no_effect(line: str) -> None:
    text = (
        "import os, socket, zipfile\nREADS = os.O_RDONLY | os.O_NOFOLLOW\n"
        f"def act(path):\n    return {line}\n"
    )
    assert list(effects_of(text, "app.thing")) == []


@pytest.mark.parametrize(
    "text",
    [
        "def act(path):\n    seals.redeem(receipt, ModelSign)",
        "def act(receipt: Receipt[ModelSign]):\n    path.unlink()",
        "def act(receipt: Receipt[ModelSign]):\n    seals.redeem(receipt, ModelPull)",
        "def act(receipt: Receipt[ModelPull]):\n    seals.redeem(receipt, ModelPull)",
        "def act(receipt: object):\n    seals.redeem(receipt, ModelSign)",
    ],
)
def test_a_function_that_only_seems_to_take_the_receipt_is_told_apart(text: str) -> None:
    assert not _takes("", text)


_REDEEM = "seals.redeem(receipt, ModelSign)"


def _takes(imports: str, text: str) -> bool:
    tree = ast.parse(imports + text)
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    return takes_receipt(tree, function, "ModelSign")


@pytest.mark.parametrize(
    "body",
    [
        f"path.unlink()\n    {_REDEEM}",
        f"os.unlink(path); {_REDEEM}",
        f"atexit.register(os.unlink, path)\n    {_REDEEM}",
        f"def act():\n        path.unlink()\n    act()\n    {_REDEEM}",
        f"with open(path, 'w'):\n        {_REDEEM}",
        f"open({_REDEEM}.path if path.unlink() else path)",
        f"log(os.unlink(path), {_REDEEM})",
        f"if path:\n        {_REDEEM}\n    path.unlink()",
        f"for path in paths:\n        {_REDEEM}\n    path.unlink()",
        f"path and {_REDEEM}\n    path.unlink()",
        f"a = {_REDEEM} if path else None\n    path.unlink()",
        f"redeem = lambda: {_REDEEM}\n    path.unlink()",
        f"def redeem():\n        {_REDEEM}\n    path.unlink()",
        f"[{_REDEEM} for _ in path]\n    path.unlink()",
        f"try:\n        {_REDEEM}\n    except ReceiptRefused:\n        pass\n    path.unlink()",
        f"with suppress(ReceiptRefused):\n        {_REDEEM}\n    path.unlink()",
    ],
)
def test_a_function_that_acts_before_it_redeems_or_without_is_told_apart(body: str) -> None:
    assert not _takes("import os, atexit\n", f"def act(receipt: Receipt[ModelSign]):\n    {body}")


@pytest.mark.parametrize(
    "body",
    [
        f"{_REDEEM}\n    path.unlink()",
        f"action = {_REDEEM}\n    os.unlink(action.path)",
        f"os.unlink({_REDEEM}.path)",
        f"if {_REDEEM}.path != path:\n        raise ReceiptRefused\n    path.unlink()",
        f"with self._lock:\n        {_REDEEM}\n        path.unlink()",
        f"try:\n        {_REDEEM}\n        path.unlink()\n    finally:\n        done()",
        f"return write(open(path), action={_REDEEM}).unlink()",
    ],
)
def test_a_function_that_redeems_and_then_acts_is_none_of_those(body: str) -> None:
    assert _takes("import os\n", f"def act(*, receipt: Receipt[ModelSign]):\n    {body}")
