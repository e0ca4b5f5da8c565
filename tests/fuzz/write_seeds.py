"""Writes what fuzzing starts from: every real sample, golden file and magic, and small documents.

write_seeds.py FOLDER
"""

import sys
from pathlib import Path, PurePath

import pytest
from families import FAMILIES

from ringfence.artifacts.companions import COMPANIONS
from ringfence.artifacts.examine import KNOWN_SUFFIXES
from ringfence.artifacts.formats import FORMATS

__all__ = ["names_of"]

_GOLDEN = Path(__file__).parent.parent / "golden"
_POLICIES = Path(__file__).parent.parent / "policy"
_LARGEST_BYTES = 60_000
_DOCUMENTS = (
    b'{"a": [1, 2.5e3, null, true, "\\u00e9"]}',
    b"[[[]]]",
    b"\xef\xbb\xbf{}",
    "\u202eå\x1b[2J\udcff".encode("utf-8", "surrogatepass"),
)
_ENTRY = (
    b'{"name":"a","kind":"bearer","public":{},"hosts":["h.example"],"methods":[],"paths":[],'
    b'"made_at":1,"rotated_at":null,"closed":""}'
)
_VAULTS = (
    b'ringfence vault 1\n{"generation":7,"key":{"id":"00112233aabbccdd","place":"file"}}\n' + b"x" * 60,
    b'{"entries":[' + _ENTRY + b"]}",
    b"export OPENAI_API_KEY='sk-abcdefgh'\nB=\"two\nlines\"\n",
    b'machine h.example login ann password "a b"\nmacdef x\n\n',
    b'{"a": "b", "ci": {"kind": "basic", "hosts": ["h"], "user": "u", "password": "p"}}',
)
_REQUESTS = (  # the first byte chooses type and address
    b'\0{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"b":{"c":[1]}}}}',
    b'\x05[{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{"a":"b"}}}]',
    b'\x0a{"query":"query Q($a:Int=1){...F ...on T{b:c(d:\\"e\\")@f{g}}} fragment F on T{h}"}',
    b"\x0bmutation{a:b(c:[1,{d:2}])}",
    b"\x0cgrant_type=x&code=y&query=%7Ba%7D&api_key=ghp_abcdefgh",
    b"\x10008a" + b"1" * 40 + b" " + b"2" * 40 + b" refs/heads/main\0report-status\n0000PACK\0\0\0\2\0\0\0\1",
)
_REQUEST = (
    b"POST /a%2Fb/./c?d=e+f HTTP/1.1\r\nHost: h.example\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
)
_WIRES = (  # in the order of fuzz_wire
    _REQUEST,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b \r\n\r\n",
    b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\nnext",
    b"/a/%7Eb/../c%2fd/.%2e/x;y?a=%20b&c",
    b"[2001:DB8::1]:443",
    bytes.fromhex("818537fa213d7f9f4d51588980000000008882000000000003e8"),
    bytes.fromhex(
        "160301003f0100003b0303"
        + "00" * 33
        + "00021301"
        + "0100"
        + "0010"
        + "0000000c000a0000076578616d706c65"
    ),
    bytes.fromhex("12670100000100000000000101680765786d616d706c0000010001")
    + bytes.fromhex("000029100000000000000000"),
    bytes.fromhex("00000e010500000001828784418708e4a5f1b2c3d4")
    + bytes.fromhex("0000080600000000000000000000000000"),
)
_DOCUMENTS_BETWEEN = (  # in the order of fuzz_documents, after the policies
    b'{"name":"a","path":"/a","host":"h","port":1,"agent":"a","digest":"00","method":"GET"}',
    b'{"version":1,"stream":"endpoint","durability":"fsync","expect_seq":null,"retried":false,'
    b'"key":"%s","type":"ask.opened/1","body":"{}"}' % (b"00" * 16),
    b"ringfence/a\n3\n%s=\n\n\xe2\x80\x94 ringfence/a %s\n" % (b"A" * 43, b"A" * 92),
    b'{"n":1,"m":"Gone","connection":1}',
    b'{"ready":{"layers":["landlock"],"lacking":[],"proofs":[["landlock","write","EACCES"]]}}',
    b"\x01\x38tree %s\nauthor a\n\n\x06\x06\x3b\x38\x38\x90\x38\x00" % (b"0" * 40),
)
_DIFFERING = ("json", "safetensors", "onnx", "zip", "tar")  # in the order of fuzz_differ


def names_of(family: str) -> list[str]:
    """The names that files of the family are judged by, each suffix once; also one that says nothing."""
    names = {PurePath(path.name).suffix or path.name: path.name for path in _golden(*FAMILIES[family])}
    return ["", *sorted(names.values())]


def main(folder: Path) -> None:
    """Fills the targets' folders below `folder`, one for each family, and the file of all magics."""
    _write_samples(folder / "examine")
    for i, document in enumerate(_DOCUMENTS):
        _write(folder / "text" / f"document-{i}", document)
    for i, document in enumerate(_VAULTS):
        _write(folder / "vault" / f"document-{i}", document)
    for i, document in enumerate(_REQUESTS):
        _write(folder / "requests" / f"document-{i}", document)
    for i, document in enumerate(_WIRES):
        _write(folder / "wire" / f"document-{i}", bytes([i, 7]) + document)
    for path in sorted((_POLICIES / "documents").glob("*.yaml")):
        _write(folder / "documents" / path.name, b"\0\0" + path.read_bytes())
    for i, document in enumerate(_DOCUMENTS_BETWEEN, 1):
        _write(folder / "documents" / f"document-{i}", bytes([i, 0]) + document)
    for choice, kind in enumerate(_DIFFERING):
        for path in _golden(kind):
            _write(folder / "differ" / f"{kind}-{path.name}", bytes([choice]) + path.read_bytes())
    for family, formats in FAMILIES.items():
        names = names_of(family)
        for path in _golden(*formats):
            same = (i for i, name in enumerate(names) if name and PurePath(name).suffix == path.suffix)
            seed = bytes([next(same, 0)]) + path.read_bytes()
            _write(folder / family / f"{path.parent.name}-{path.name}", seed)
    magics = {start for each in (*FORMATS, *COMPANIONS) for start in each.starts or () if len(start) > 1}
    lines = ("".join(f"\\x{byte:02x}" for byte in each) for each in sorted(magics))
    (folder / "magics.dict").write_text("".join(f'"{line}"\n' for line in lines))


def _golden(*formats: str) -> list[Path]:
    return [
        path
        for each in formats
        for path in sorted((_GOLDEN / each).iterdir())
        if path.name != "expected.json" and path.stat().st_size <= _LARGEST_BYTES
    ]


def _write_samples(folder: Path) -> None:
    from real.model_files import SAMPLES, sample  # fuzzing itself needs none of their libraries

    suffixes = sorted(KNOWN_SUFFIXES)
    for each in SAMPLES:
        try:
            data = sample(each.name)
        except pytest.skip.Exception as missing:
            print(f"no {each.name}: {missing}", file=sys.stderr)
            continue
        if len(data) <= _LARGEST_BYTES:
            _write(folder / each.name, bytes([suffixes.index(PurePath(each.name).suffix)]) + data)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
