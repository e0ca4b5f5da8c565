"""Mutations that look like queries. Each is one that servers carry out."""

import json

import pytest

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.interpreting import interpret

_JSON = ("content-type", "application/json")
_DROP = "mutation{deleteRepository(input:{id:1}){id}}"


def _operations(body: bytes, *headers, target="/graphql") -> tuple[str, ...] | None:
    (request,) = interpret(
        RequestHead(method="POST", target=target, headers=Headers(headers or (_JSON,))),
        host="h", port=443, session="s", agent="a", context=None, program=None, body=body, is_whole=True,
    )  # fmt: skip
    return request.operations


@pytest.mark.parametrize(
    "text",
    [
        "mutation{viewer:deleteRepository(input:{id:1}){id}}",  # under a harmless name
        "query viewer{viewer{id}} mutation x{deleteRepository{id}}",  # chosen by operationName
        "mutation{...F} fragment F on Mutation{...G} fragment G on Mutation{deleteRepository{id}}",
        "mutation{... @include(if:true){...{deleteRepository{id}}}}",
        'query{a(b:"""\\""" mutation""")} mutation{deleteRepository{id}}',
        "#query{viewer}\rmutation{deleteRepository{id}}",  # a comment ends at a carriage return
        "\ufeff,,,mutation,query,{deleteRepository}",
    ],
)
def test_a_mutation_is_told_by_its_own_name_wherever_it_hides(text):
    assert "mutation.deleteRepository" in (_operations(json.dumps({"query": text}).encode()) or ())


def test_a_mutation_in_the_address_or_in_a_batch_is_told_beside_a_query():
    body = json.dumps({"query": "{viewer{id}}"}).encode()
    target = "/graphql?query=mutation%7BdeleteRepository%7D"
    assert "mutation.deleteRepository" in (_operations(body, target=target) or ())
    batch = json.dumps([{"query": "{viewer}"}, {"query": _DROP}]).encode()
    assert "mutation.deleteRepository" in (_operations(batch) or ())


@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"{viewer}","query":"mutation{drop}"}',
        b'{"query":"{viewer}","Query":"mutation{drop}"}',
        json.dumps({"query": _DROP}).encode("utf-16"),
        b"[" * 50_000,
    ],
)
def test_what_one_server_reads_otherwise_than_another_is_refused(body):
    with pytest.raises(BadHttp):
        _operations(body)


def test_a_bomb_of_fragments_or_depth_is_refused_or_read_at_once():
    many = "".join(f"fragment F{i} on Q{{...F{i + 1} ...F{i + 1} ...F{i + 1}}}" for i in range(500))
    text = "{...F0}" + many + "fragment F500 on Q{a}"
    assert _operations(json.dumps({"query": text}).encode()) == ("query.a",)
    with pytest.raises(BadHttp):
        _operations(json.dumps({"query": "{a" * 5_000 + "}" * 5_000}).encode())
    with pytest.raises(BadHttp):
        _operations(json.dumps({"query": "{a}" + " " * LIMITS.graphql_bytes}).encode())


def test_a_mutation_known_to_the_server_by_its_digest_is_no_known_query():
    stored = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    assert _operations(json.dumps([{"query": "{viewer}"}, stored]).encode()) is None
