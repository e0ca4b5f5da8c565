"""Endpoints as OpenShell writes them, and what each comes down to: its entries, and what is told."""

from typing import Any

ODD = ["**;**", "**%2F**", "**%5C**"]
GH = {"host": "api.github.com", "port": 443, "program": ["/usr/bin/gh"]}
ODD_AT_GH = {"host": "api.github.com", "port": 443, "paths": ODD, "then": "deny"}
ALL = [GH, ODD_AT_GH]

REST = "port: 443, protocol: rest, enforcement: enforce"
FULL = f"{REST}, access: full"
CASES: list[tuple[str, list[dict[str, Any]], list[tuple[str, str]]]] = [
    ("port: 443", ALL, [("closed", "protocol")]),
    (FULL, ALL, []),
    (f"{REST}, access: read-only", [{**GH, "methods": ["GET", "HEAD", "OPTIONS"]}, ODD_AT_GH], []),
    (
        f"{REST}, access: read-write",
        [{**GH, "methods": ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]}, ODD_AT_GH],
        [],
    ),
    (
        "ports: [443, 8443], protocol: rest, enforcement: enforce, access: full",
        [GH, {**GH, "port": 8443}, ODD_AT_GH, {**ODD_AT_GH, "port": 8443}],
        [],
    ),
    ("port: 6443", [], [("left-out", ""), ("closed", "protocol")]),
    (
        f"{REST}, rules: [{{allow: {{method: GET, path: /repos/*/x}}}}, {{allow: {{method: '*', path: /v/**}}}}]",  # noqa: E501
        [{**GH, "methods": ["GET"], "paths": ["/repos/*/x"]}, {**GH, "paths": ["/v/**"]}, ODD_AT_GH],
        [],
    ),
    (f"{REST}, rules: [{{allow: {{method: GET, path: '/[ab]'}}}}]", [], [("left-out", "rules[0]")]),
    (f"{REST}, rules: [{{allow: {{method: GET}}}}]", [], [("left-out", "rules[0]")]),
    (f"{REST}, rules: [{{allow: {{command: SELECT}}}}]", [], [("left-out", "rules[0]")]),
    (
        f"{REST}, rules: [{{allow: {{method: GET, path: /d, query: {{os: 'lin*', v: {{any: [a, b]}}}}}}}}]",
        [
            {**GH, "methods": ["GET"], "paths": ["/d"], "query": ["os=lin*", "v=a", "v=b"], "then": "ask"},
            ODD_AT_GH,
        ],
        [("asked", "rules[0]")],
    ),
    (
        f"{FULL}, deny_rules: [{{method: GET, path: '/repos/*/x/**', query: {{k: v}}}}]",
        [
            GH,
            {
                "host": "api.github.com",
                "port": 443,
                "methods": ["GET", "HEAD"],
                "paths": ["/repos/**/x/**", "/repos/**/x", "/repos/**/x/"],
                "query": ["k=v"],
                "then": "deny",
            },
            ODD_AT_GH,
        ],
        [],
    ),
    (
        f"{FULL}, path: '/v1/**'",
        [{**GH, "paths": ["/v1", "/v1/**"]}, ODD_AT_GH],
        [],
    ),
    (
        f"{REST}, path: '/v1/*/x', rules: [{{allow: {{method: GET, path: '/**'}}}}]",
        [{**GH, "methods": ["GET"], "paths": ["/**"], "then": "ask"}, ODD_AT_GH],
        [],
    ),
    (
        f"{REST}, path: '/v1/**', rules: [{{allow: {{method: GET, path: '/*/x'}}}}]",
        [{**GH, "methods": ["GET"], "paths": ["/*/x"], "then": "ask"}, ODD_AT_GH],
        [],
    ),
    (f"{FULL}, allow_encoded_slash: true", [GH, {**ODD_AT_GH, "paths": ["**;**"]}], []),
    (f"{FULL}, allowed_ips: [10.0.0.0/8]", [{**GH, "then": "ask"}, ODD_AT_GH], [("asked", "allowed_ips")]),
    (f"{FULL}, allowed_ips: [127.0.0.0/8]", [], [("left-out", "")]),
    ("port: 443, protocol: rest, access: full", ALL, [("closed", "enforcement")]),
    ("port: 443, protocol: rest, enforcement: audit, access: full", ALL, [("closed", "enforcement")]),
    (
        "port: 443, access: read-only",
        [{**GH, "methods": ["GET", "HEAD", "OPTIONS"]}, ODD_AT_GH],
        [("closed", "access")],
    ),
    (
        "port: 443, rules: [{allow: {method: GET, path: /a}}]",
        [{**GH, "methods": ["GET"], "paths": ["/a"]}, ODD_AT_GH],
        [("closed", "rules")],
    ),
    ("port: 5432, protocol: tcp", [{**GH, "port": 5432, "raw": True}], [("look", "")]),
    ("port: 25, tls: skip", [{**GH, "port": 25, "raw": True}], [("look", "")]),
    (f"{FULL}, tls: skip", [], [("left-out", "")]),
    ("port: 443, access: read-only, tls: skip", [], [("left-out", "")]),
    (f"{FULL}, tls: terminate", ALL, [("look", "tls")]),
    (f"{FULL}, tls: passthrough", ALL, [("closed", "tls")]),
    (
        "port: 443, protocol: websocket, enforcement: enforce, access: full",
        [{**GH, "methods": ["GET"]}, ODD_AT_GH],
        [],
    ),
    ("port: 443, protocol: websocket, enforcement: enforce, access: read-only", [], [("left-out", "")]),
    (
        (
            "port: 443, protocol: websocket, enforcement: enforce, rules: [{allow: {method: GET, path: /s}}, "
            "{allow: {method: WEBSOCKET_TEXT, path: /s}}], "
            "deny_rules: [{method: WEBSOCKET_TEXT, path: /s/admin}]"
        ),
        [
            {**GH, "methods": ["GET"], "paths": ["/s"]},
            {
                "host": "api.github.com",
                "port": 443,
                "methods": ["GET"],
                "paths": ["/s/admin"],
                "then": "deny",
            },
            ODD_AT_GH,
        ],
        [],
    ),
    (
        "port: 443, protocol: graphql, enforcement: enforce, access: read-write, path: /graphql",
        [
            {**GH, "methods": ["POST"], "paths": ["/graphql"], "operations": ["query.*", "mutation.*"]},
            ODD_AT_GH,
        ],
        [],
    ),
    (
        (
            "port: 443, protocol: graphql, enforcement: enforce, rules: [{allow: {operation_type: query}}, "
            "{allow: {operation_type: mutation, fields: [createIssue]}}, "
            "{allow: {operation_type: query, operation_name: Mine}}], "
            "deny_rules: [{operation_type: mutation, fields: [drop*]}]"
        ),
        [
            {**GH, "methods": ["POST"], "operations": ["query.*"]},
            {**GH, "methods": ["POST"], "operations": ["mutation.createIssue"], "then": "ask"},
            {**GH, "methods": ["POST"], "operations": ["query.*"], "then": "ask"},
            {"host": "api.github.com", "port": 443, "operations": ["mutation.drop*"], "then": "deny"},
            ODD_AT_GH,
        ],
        [("asked", "rules[1]"), ("asked", "rules[2]")],
    ),
    (
        (
            "port: 443, protocol: json-rpc, enforcement: enforce, json_rpc: {max_body_bytes: 9}, "
            "rules: [{allow: {method: reports.search}}]"
        ),
        [],
        [("left-out", ""), ("left-out", "json_rpc.max_body_bytes")],
    ),
    (f"{FULL}, websocket_credential_rewrite: true", ALL, [("left-out", "websocket_credential_rewrite")]),
    (
        f"{FULL}, request_body_credential_rewrite: true",
        ALL,
        [("left-out", "request_body_credential_rewrite")],
    ),
    (f"{FULL}, allow_uninspected_credentials: true", ALL, [("closed", "allow_uninspected_credentials")]),
    (
        f"{FULL}, credential_signing: 'sigv4:body', signing_service: s3, signing_region: us-east-1",
        ALL,
        [("left-out", "credential_signing"), ("left-out", "signing_service"), ("left-out", "signing_region")],
    ),
    (f"{FULL}, credential_binding: {{provider: work}}", ALL, [("left-out", "credential_binding")]),
    (
        f"{FULL}, persisted_queries: allow_registered, graphql_persisted_queries: {{abc: {{}}}}",
        ALL,
        [("left-out", "persisted_queries")],
    ),
    (f"{FULL}, persisted_queries: deny", ALL, []),
    (f"{FULL}, graphql_max_body_bytes: 65536", ALL, [("left-out", "graphql_max_body_bytes")]),
]
