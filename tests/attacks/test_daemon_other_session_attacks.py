"""A session's proxy that was taken over speaks for another session: the broker hears it for its own alone."""

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.egress.messages import Arrive, Gone, Refused, Tell, Trouble, Welcome

_WHOLE = "{host: api.example.com}"


@pytest.mark.parametrize(("speaks_for", "is_heard"), [("", True), ("s1", True), ("s2", False)])
def test_no_proxy_goes_out_as_another_session(tmp_path, speaks_for, is_heard):
    async def act(scene):
        await scene.open("s1")
        await scene.open("s2")
        arrival = Arrive(
            session="s1",
            host="api.example.com",
            port=443,
            tls=True,
            source=("127.0.0.1", 1),
            destination=("198.18.0.1", 443),
        )
        answer, _ = await scene.broker.proxy_asks(speaks_for, arrival, ())
        assert isinstance(answer, Welcome if is_heard else Refused)

    with server(tmp_path) as host:
        Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)).play(act)


@pytest.mark.parametrize(("speaks_for", "is_heard"), [("", True), ("s1", True), ("s2", False)])
def test_no_proxy_uses_or_ends_another_sessions_connection(tmp_path, speaks_for, is_heard):
    async def act(scene):
        await scene.open("s1")
        await scene.open("s2")
        connection = await scene.connection(session="s1")
        asked = request()
        object.__setattr__(asked, "connection", connection)
        answer, _ = await scene.broker.proxy_asks(speaks_for, asked, ())
        assert isinstance(answer, Refused) is not is_heard
        told = Tell(session="s1", trouble=Trouble.MALFORMED, host="", what="a lie")
        await scene.broker.proxy_asks(speaks_for, told, ())
        assert (len(scene.broker.core.sessions["s1"].told) == 1) is is_heard
        await scene.broker.proxy_asks(speaks_for, Gone(connection=connection), ())
        assert (connection in scene.broker.core.connections) is not is_heard

    with server(tmp_path) as host:
        Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)).play(act)
