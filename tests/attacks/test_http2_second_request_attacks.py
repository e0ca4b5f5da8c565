"""An allowed request of HTTP/2, and behind it, on the same connection, others that nobody would allow."""

from pathlib import Path
from typing import ClassVar

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived, StreamEnded

from egress.proxy_clients import after, opened, through_tls
from egress.scripted_broker import Host, House, house
from egress.upstream_servers import Handler, http_server
from ringfence.egress.messages import Ask, Refused

_UNDONE = """
from ringfence.egress.proxy import roads
asks, decided = roads.Road.ask, []

async def ask(self, question):
    if not decided:
        decided.append(await asks(self, question))
    return decided[0]

roads.Road.ask = ask
"""


class _Keeps(Handler):
    """Keeps what it is asked for."""

    targets: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802
        self.targets.append(self.path)
        super().do_GET()


def _asks(it: House, paths: list[str]) -> list[str]:
    """The statuses, one request after the other on one connection."""
    connected = opened(it.proxy)
    connected.sendall(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
    after(connected, b"\r\n\r\n")
    with through_tls(it, connected, "api.test", alpn=("h2",)) as tls:
        h2 = H2Connection(config=H2Configuration(client_side=True, header_encoding="utf-8"))
        h2.initiate_connection()
        statuses = []
        for path in paths:
            head = [(":method", "GET"), (":path", path), (":scheme", "https"), (":authority", "api.test")]
            h2.send_headers(h2.get_next_available_stream_id(), head, end_stream=True)
            is_over = False
            while not is_over:
                tls.sendall(h2.data_to_send())
                events = h2.receive_data(tls.recv(65536))
                statuses += [
                    dict(each.headers)[":status"] for each in events if isinstance(each, ResponseReceived)
                ]
                is_over = any(isinstance(each, StreamEnded) for each in events)
    return statuses


@pytest.mark.parametrize("undone", ["", _UNDONE])
def test_each_request_is_decided_for_itself(tmp_path: Path, undone: str) -> None:
    def refuses(ask: Ask) -> Refused | None:
        return None if ask.head.target == "/allowed" else Refused(what="no rule", hint="none")

    _Keeps.targets.clear()
    paths = ["/allowed", "/secret", "/allowed/../secret", "/allowed"]
    with (
        http_server(_Keeps) as address,
        house(tmp_path, {"api.test": Host(address=address, refuses=refuses)}, undone=undone) as it,
    ):
        statuses = _asks(it, paths)
    if undone:
        assert (statuses[1], "/secret" in _Keeps.targets) == ("200", True)
    else:
        assert statuses == ["200", "403", "403", "200"]
        assert _Keeps.targets == ["/allowed", "/allowed"]
