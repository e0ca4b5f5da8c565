# ruff: noqa: E501 - tables of samples, one to a line
"""Templates, configurations and archives that aim at what the rules for them may get wrong."""

import base64
import gzip
import io
import json
import struct
import tarfile
import zlib
from collections.abc import Iterator
from random import Random

from corpus.blind.blind_formats import gguf
from corpus.corpus_samples import Kind, Sample, reduced, stored_zip, tarred

__all__ = ["KINDS"]


def built_templates(rng: Random) -> Iterator[Sample]:
    """Templates that spell what they reach for out of filters, numbers, loops, macros and slices."""
    ways = (
        "{% set u = '_' * 2 %}{{ ()|attr(u ~ 'class' ~ u) }}", "{% set u = '%c%c' % (95, 95) %}{{ ()|attr(u + 'class' + u) }}",
        "{{ ()|attr('__CLASS__'|lower) }}", "{{ ()|attr('xx__class__'[2:]) }}", "{{ ()|attr('__cxlass__'|replace('x', '')) }}",
        "{% macro m(a) %}{{ ()|attr(a) }}{% endmacro %}{{ m('__class__') }}", "{% for a in ['__class__'] %}{{ ()|attr(a) }}{% endfor %}",
        "{{ ()|attr(('__', 'class', '__')|join('')) }}", "{{ ()|attr('__class__'|trim) }}", "{{ [()]|map('attr', '__class__')|list }}",
        "{{ [()]|map(attribute='__class__.__base__')|list }}", "{{ [()]|selectattr('__class__')|list }}", "{{ [()]|sort(attribute='__class__') }}",
        "{{ [()]|sum(attribute='__class__') }}", "{{ ()['__cl' 'ass__'] }}", "{{ messages|unique(attribute='__class__')|list }}",
        "{{ loop.__init__ if loop else cycler.__init__ }}", "{{ cycler['__in' ~ 'it__']['__glo' ~ 'bals__']['os']['popen']('true') }}",
        "{% set x = cycler|attr('__init__') %}{{ x|attr('__globals__') }}", "{{ ()|attr('\\u005f\\u005fclass\\u005f\\u005f') }}", "{{ ''.join.__self__.__class__ }}",
        "{{ (messages|first).keys.__self__.__class__ }}", "{{ dict.__mro__ }}", "{{ range.__class__ }}",
        "{% call(x) cycler.__init__.__globals__.os.popen('true') %}{% endcall %}", "{% extends '/etc/passwd' %}", "{% from '/etc/passwd' import x %}",
        "{{ '{0.__class__}'|format(1) }}{{ '{0.__class__.__mro__}'.format(1) }}", "{{ strftime_now.__globals__['sys'].modules }}", "{{ tojson.__globals__ }}",
    )  # fmt: skip
    chat = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    for evil in ways:
        template = rng.choice((evil + chat, chat + evil, chat.replace("{% endfor %}", evil + "{% endfor %}")))
        yield Sample(
            name="tokenizer_config.json",
            data=json.dumps(
                {"chat_template": {"tool": template} if rng.random() < 0.3 else template}
            ).encode(),
        )
        yield Sample(
            name="model.gguf",
            data=gguf({"tokenizer.chat_template.tool": template, "tokenizer.chat_template": chat}),
        )


def escaped_configurations(rng: Random) -> Iterator[Sample]:
    """The same in JSON that readers disagree about: doubled keys, escapes, a byte order mark, deep nesting."""
    evil = "{{ cycler.__init__.__globals__.os.popen('true') }}"
    escaped = "".join(f"\\u{ord(char):04x}" for char in evil)
    honest = '"chat_template": "{{ messages }}"'
    for _ in range(2):
        forms = (
            f'{{{honest}, "chat_template": "{evil}"}}', f'{{"chat_template": "{evil}", {honest}}}', f'{{"chat_template": "{escaped}"}}', f'{{"chat_t\\u0065mplate": "{evil}"}}',
            f'\ufeff{{"chat_template": "{evil}"}}', f'{{"chat_template": [{{"name": "default", "template": "{evil}"}}]}}', f'{{"x": {"[" * 50}{"]" * 50}, "chat_template": "{evil}"}}',
            f'{{"chat_template": "{evil}", "x": NaN}}', f'\n\n\t {{"chat_template": "{evil}"}}\n\n',
        )  # fmt: skip
        for form in forms:
            yield Sample(
                name=rng.choice(("tokenizer_config.json", "processor_config.json", "chat_template.json")),
                data=form.encode(),
            )


def hidden_layers(rng: Random) -> Iterator[Sample]:
    """Keras configurations where code stands in places that are seldom looked at."""
    code = base64.b64encode(b"\xe3" + bytes(40)).decode()
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    dense = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"name": "d", "units": 1},
        "registered_name": None,
    }
    for key in (
        "activation",
        "kernel_initializer",
        "kernel_regularizer",
        "kernel_constraint",
        "bias_initializer",
        "unknown",
    ):
        for value in (
            function,
            {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
            {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "exec"},
        ):
            layer = dense | {"config": dense["config"] | {key: value}}
            model = {
                "module": "keras",
                "class_name": "Sequential",
                "config": {"name": "m", "layers": [layer]},
            }
            yield Sample(
                name="model.keras",
                data=stored_zip(
                    {
                        "metadata.json": b'{"keras_version": "3.9.0"}',
                        "config.json": json.dumps(model).encode(),
                    }
                ),
            )
    for name in ("Config.json", "config.json.bak", "assets/config.json"):
        model = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": function}}
        first = name == "config.json.bak"
        both = {
            "config.json": json.dumps(
                model
                if first
                else {"module": "keras", "class_name": "Sequential", "config": {"layers": [model]}}
            ).encode(),
            name: b"{}",
        }
        yield Sample(name="model.keras", data=stored_zip({"metadata.json": b"{}", **both}))


def around_tensors(rng: Random) -> Iterator[Sample]:
    """Pickles and programs before, behind and in the gaps of files that hold tensors."""
    evil = b"\x80\x02" + reduced("os", "system", "true") + b"."
    header = b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}  '
    tensors = struct.pack("<Q", len(header)) + header + bytes(16)
    for junk in (
        evil,
        stored_zip({"x.pkl": evil}),
        b"#!/bin/sh\ntrue\n",
        b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(100),
        gzip.compress(evil, mtime=0),
    ):
        yield Sample(name="model.safetensors", data=tensors + junk)
        yield Sample(name="model.gguf", data=gguf({"general.architecture": "llama"}) + bytes(32) + junk)
        yield Sample(name="model.npy", data=_npy() + junk)
        yield Sample(name="model.zip", data=junk + stored_zip({"config.json": b"{}"}))
    for suffix in ("safetensors", "gguf", "npy", "h5", "onnx", "json", "txt", "png"):
        yield Sample(name=f"model.{suffix}", data=evil)
        yield Sample(
            name=f"model.{suffix}", data=stored_zip({"archive/data.pkl": evil, "archive/version": b"3"})
        )
        yield Sample(name=f"model.{suffix}", data=zlib.compress(evil))
        yield Sample(name=f"model.{suffix}", data=tarred({"x.pkl": evil}))


def _npy() -> bytes:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + bytes(16)


def tar_tricks(rng: Random) -> Iterator[Sample]:
    """Tar archives: a payload twice, in long names, in sparse or odd types, behind the end, in PAX headers."""
    evil = b"\x80\x02" + reduced("os", "system", "true") + b"."
    for name in ("model.pkl", "a" * 150 + ".pkl", "модель.pkl", "x/./y/../model.pkl", ".hidden.pkl", "model"):
        for style in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=style) as archive:
                for data in (b"\x80\x02N.", evil):
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    if rng.random() < 0.3:
                        info.type = tarfile.CONTTYPE
                    archive.addfile(info, io.BytesIO(data))
            yield Sample(name="model.tar", data=out.getvalue())
            yield Sample(name="model.tar.gz", data=gzip.compress(out.getvalue(), mtime=0))
    yield Sample(name="behind.tar", data=tarred({"a.txt": b"hello\n"}) + tarred({"x.pkl": evil}))


KINDS: dict[str, Kind] = {
    each.__name__: each
    for each in (built_templates, escaped_configurations, hidden_layers, around_tensors, tar_tricks)
}
