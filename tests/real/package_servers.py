"""An index and a registry with one package each, whose module says `one`: with a login and without."""

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from functools import cache

from egress.upstream_servers import Handler

__all__ = ["TOKEN", "Index", "OpenIndex", "OpenRegistry", "Registry"]

TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"


def _wheel() -> bytes:
    """A distribution of one module, as pip takes it."""
    files = {
        "one.py": "word = 'one'\n",
        "one-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n",
        "one-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files["one-1.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


class OpenIndex(Handler):
    """An index of Python packages."""

    wheel = _wheel()

    def do_GET(self) -> None:  # noqa: N802
        if self.path.endswith(".whl"):
            self.answer(self.wheel)
        else:
            self.answer(
                b'<a href="/files/one-1.0-py3-none-any.whl">one-1.0-py3-none-any.whl</a>',
                Content_Type="text/html",
            )


class Index(OpenIndex):
    """The same, for those who show the password of ann."""

    def do_GET(self) -> None:  # noqa: N802
        wanted = base64.b64encode(f"ann:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {wanted}":
            super().do_GET()
        else:
            self.answer(b"", status=401, WWW_Authenticate='Basic realm="index"')


class OpenRegistry(Handler):
    """A registry of Node's packages."""

    def do_GET(self) -> None:  # noqa: N802
        packed = _package()
        if self.path.endswith(".tgz"):
            self.answer(packed)
            return
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
        where = f"https://{self.headers['Host']}"
        dist = {"tarball": f"{where}/one/-/one-1.0.0.tgz", "integrity": integrity}
        version = {"name": "one", "version": "1.0.0", "dist": dist}
        said = {"name": "one", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        self.answer(json.dumps(said).encode(), Content_Type="application/json")


class Registry(OpenRegistry):
    """The same, for those who show the token."""

    def do_GET(self) -> None:  # noqa: N802
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            super().do_GET()
        else:
            self.answer(b"{}", status=401)


@cache  # its time stands in it
def _package() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in (
            ("package.json", '{"name": "one", "version": "1.0.0"}'),
            ("index.js", "exports.word = 'one'\n"),
        ):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()
