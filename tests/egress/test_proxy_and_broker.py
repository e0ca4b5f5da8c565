"""The proxy and the broker together, each as it is: a program's requests from its socket to the host."""

from pathlib import Path

from broker_scene import Scene, policy, server
from egress.two_processes import Box, play
from vaults import TOKEN

_WHOLE = "{host: api.example.com}"
_NARROW = "{host: api.example.com, paths: ['/a/**']}"
_ONE = "{name: one, host: api.example.com}"


def _echo(asked: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(asked), asked)


def test_a_host_that_is_granted_as_a_whole_is_spoken_with_by_the_proxy(tmp_path: Path) -> None:
    with server(tmp_path, _echo) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)

        def act(box: Box) -> None:
            said = box.curl("https://api.example.com/x?y=1", "https://api.example.com/z", "-d", "sent")
            assert said.count("POST /") == 2
            assert said.endswith("sent")

        play(Scene(tmp_path, text), act)
        assert host.connections == 1


def test_a_secret_reaches_its_host_and_never_the_program(tmp_path: Path) -> None:
    with server(tmp_path, _echo) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_NARROW, credentials=_ONE)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        def act(box: Box) -> None:
            said = box.curl("-H", f"Authorization: Bearer {box.placeholder()}", "https://api.example.com/a/b")
            assert f"Bearer {box.placeholder()}" in said
            assert TOKEN not in said

        play(scene, act)
        assert [TOKEN.encode() in each for each in host.requests] == [True]


def test_what_no_rule_allows_is_refused_where_the_program_reads_it(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_NARROW)

        def act(box: Box) -> None:
            for url in (
                "https://api.example.com/elsewhere",
                "https://other.example.com/",
                "http://api.example.com/a",
            ):
                said = box.curl("-w", "%{http_code}", url)
                assert said.startswith("ringfence: ")
                assert said.endswith("403")

        play(Scene(tmp_path, text), act)
        assert host.requests == []
