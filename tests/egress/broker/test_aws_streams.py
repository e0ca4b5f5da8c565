"""Bodies that a client of S3 signed chunk by chunk with its placeholder, as some SDKs send every upload."""

import dataclasses
from pathlib import Path

import pytest

from broker_scene import BrokenOff, Scene, policy, request, server
from ringfence.egress.messages import Ask
from ringfence.egress.sealed_frames import SealedHead
from vaults import WHOLE

_CHUNKS = (b"a" * 65_536, b"b" * 65_536, b"the end")
_PLAIN = b"".join(_CHUNKS)


def _framed(*, behind: bytes = b"", trailers: bytes = b"") -> bytes:
    signed = [f"{len(each):x};chunk-signature={'0' * 64}\r\n".encode() for each in (*_CHUNKS, b"")]
    pieces = b"".join(head + data + b"\r\n" for head, data in zip(signed, _CHUNKS, strict=False))
    return pieces + signed[-1] + trailers + b"\r\n" + behind


def _upload(key_id: str, body: bytes, *, kind: str = "", length: int | None = len(_PLAIN)) -> Ask:
    scope = f"{key_id}/20261123/eu-central-1/s3/aws4_request"
    names = "host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature=00",
        "X-Amz-Content-Sha256": f"STREAMING-AWS4-HMAC-SHA256-PAYLOAD{kind}",
        "Content-Encoding": "aws-chunked",
        "Content-Type": "application/octet-stream",
        "X-Amz-Trailer": "x-amz-checksum-crc32",
    }
    if length is not None:
        headers["X-Amz-Decoded-Content-Length"] = str(length)
    asked = request("/bucket/key", "PUT", headers=headers)
    return dataclasses.replace(asked, is_whole=False, length=len(body))


def _sent(folder: Path, *uploads: tuple[bytes, dict[str, object]]) -> tuple[list[object], list[bytes]]:
    """What the client is answered, and what the host got."""
    answers: list[object] = []
    with server(folder) as host:
        text = policy(
            ("api.example.com", host.port),
            folder=folder,
            network="{host: api.example.com}",
            credentials="{name: one, host: api.example.com}",
        )
        scene = Scene(folder, text)
        scene.keep("aws", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            key_id = scene.broker.core.sessions["s1"].given["one"]["key_id"]
            for body, more in uploads:
                asked = _upload(key_id, body, **more)  # type: ignore[arg-type]
                pieces = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
                try:
                    head, _ = await scene.exchange(await scene.connection(), asked, pieces)
                except (BrokenOff, OSError):
                    answers.append(None)
                else:
                    answers.append(head.status if isinstance(head, SealedHead) else head.what)

        scene.play(act)
        return answers, host.requests


@pytest.mark.parametrize(
    ("kind", "trailers"),
    [
        ("", b""),
        ("-TRAILER", b"x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:" + b"0" * 64 + b"\r\n"),
    ],
)
def test_they_arrive_as_a_body_that_nobody_signed(tmp_path: Path, kind: str, trailers: bytes) -> None:
    answers, requests = _sent(tmp_path, (_framed(trailers=trailers), {"kind": kind}))
    assert answers == [200]
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == _PLAIN
    told = {name.lower(): value for name, value in (each.split(b": ", 1) for each in head.split(b"\r\n")[1:])}
    assert told[b"content-length"] == str(len(_PLAIN)).encode()
    assert told[b"x-amz-content-sha256"] == b"UNSIGNED-PAYLOAD"
    assert f"Credential={WHOLE['aws']['key_id']}/".encode() in told[b"authorization"]
    assert not told.keys() & {b"content-encoding", b"x-amz-trailer", b"x-amz-decoded-content-length"}


def test_what_is_no_such_stream_is_refused(tmp_path: Path) -> None:
    whole = _framed()
    uploads: list[tuple[bytes, dict[str, object]]] = [
        (_framed(behind=b"GET /other HTTP/1.1\r\n\r\n"), {}),
        (whole[:-40], {}),
        (whole, {"length": len(_PLAIN) - 1}),
        (whole, {"length": None}),
        (b"no chunks", {}),
    ]
    answers, requests = _sent(tmp_path, *uploads)
    assert answers == [
        "something stands behind a body's own chunks",
        "a body is cut short",
        None,
        "the chunks of a body are signed, and nobody says how long it is",
        "a body is cut short",
    ]
    assert all(each.endswith(_PLAIN) for each in requests)  # what came behind it reached nobody
