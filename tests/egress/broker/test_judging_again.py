"""What is in flight is judged again: by what the session has read since, and by another policy."""

import dataclasses
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.core.actions import Action
from ringfence.core.decisions import Effect
from ringfence.core.labels import Integrity, Label
from ringfence.egress.broker.deciding import pass_all
from ringfence.egress.broker.programs import Programs
from ringfence.egress.messages import Proceed, Refused, Revoke
from ringfence.gate.door import Door
from ringfence.ledger.events.decision_made import DecisionMade

BYTES = {"Content-Type": "application/octet-stream"}
RULES = """
      rules:
        - {id: connect, actions: [host.connect], match: {host: '*.example.com'}, then: allow}
        - {id: anything, actions: [http.request], match: {host: '*.example.com'}, then: allow}
        - {id: narrow, actions: [http.request], match: {path: '/x'}, then: deny}
        - id: clean
          actions: [http.request]
          match: {host: bank.example.com, context: {integrity: {at_most: untrusted}}}
          then: deny
"""


def test_what_was_read_ends_what_it_may_not_go_with(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"
    with server(tmp_path, lambda _request: answer, host="bank.example.com") as host:
        text = policy(
            ("bank.example.com", host.port),
            folder=tmp_path,
            egress="origins: [{host: bank.example.com, integrity: user}]",
            more=RULES.strip("\n"),
        )
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            bank = await scene.connection("bank.example.com")
            streamed = dataclasses.replace(request("/", "POST", headers=BYTES), is_whole=False)
            proceed, (stream,) = await scene.ask(bank, streamed)
            assert isinstance(proceed, Proceed)
            other = await scene.connection("web.example.com")
            assert isinstance((await scene.ask(other, request()))[0], Proceed)
            await scene.revokes.wait()
            assert scene.revoked == [
                Revoke(
                    connection=bank,
                    exchange=proceed.exchange,
                    what="the session has read from web.example.com",
                )
            ]
            refused, _ = await scene.ask(bank, request())
            assert isinstance(refused, Refused)
            assert "rule clean" in refused.what
            os.close(stream)

        scene.play(act)
    denied = [each for each in scene.recorded() if isinstance(each, DecisionMade) and not each.proceeds]
    assert {each.action["host"] for each in denied} == {"bank.example.com"}


def test_a_decision_that_was_made_before_the_session_read_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = policy(
        folder=tmp_path,
        egress="origins: [{host: bank.example.com, integrity: user}]",
        more=RULES.strip("\n"),
    )
    scene = Scene(tmp_path, text)

    def slow(door: Door, actions: Sequence[Action], effects: Sequence[Effect]) -> object:
        made = pass_all(door, actions, effects)
        session = scene.broker.core.sessions["s1"]
        session.label = Label(integrity=Integrity.UNTRUSTED)  # as another request does meanwhile
        return made

    async def act(scene: Scene) -> None:
        await scene.open()
        bank = await scene.connection("bank.example.com")
        monkeypatch.setattr("ringfence.egress.broker.core.pass_all", slow)
        refused, _ = await scene.ask(bank, request(method="POST", headers=BYTES))
        assert isinstance(refused, Refused)
        assert "rule clean" in refused.what

    scene.play(act)


def test_a_policy_that_changes_while_a_program_is_looked_for_decides_its_connection(tmp_path: Path) -> None:
    rule = "{id: one, actions: [host.connect], match: {program: /bin/sh}, then: allow}"
    before = policy(folder=tmp_path, network="{host: api.example.com}", more=f"      rules: [{rule}]")
    scene = Scene(tmp_path, before)

    class Slow(Programs):
        def program(self, source: tuple[str, int], destination: tuple[str, int]) -> str | None:
            found = super().program(source, destination)
            scene.write_policy(before.replace("network: [{host: api.example.com}]", "network: []"))
            return found

    async def act(scene: Scene) -> None:
        await scene.open()
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as diag:  # NETLINK_SOCK_DIAG
            scene.broker.core.sessions["s1"].programs = Slow(diag)
            answer, _ = await scene.arrive()
        assert isinstance(answer, Refused)

    scene.play(act)
    (made,) = [each for each in scene.recorded() if isinstance(each, DecisionMade)]
    assert not made.proceeds
