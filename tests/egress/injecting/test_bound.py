"""What a credential is bound to, compared with requests."""

import pytest

from injected import Session, credential, request
from ringfence.egress.injecting.bound import allows, may_use, serves
from ringfence.egress.injecting.places import placed
from ringfence.vault.credential import Binding

_BOUND = Binding(
    hosts=("api.example.com", "*.test.example.com:8443"),
    methods=("GET", "POST"),
    paths=("/repos/our-org/**",),
)


@pytest.mark.parametrize(
    ("host", "port", "method", "path", "expected"),
    [
        ("api.example.com", 443, "GET", "/repos/our-org/a", True),
        ("a.test.example.com", 8443, "POST", "/repos/our-org/a/b", True),
        ("api.example.com", 8443, "GET", "/repos/our-org/a", False),
        ("a.test.example.com", 443, "GET", "/repos/our-org/a", False),
        ("evil.example.com", 443, "GET", "/repos/our-org/a", False),
        ("api.example.com.evil.org", 443, "GET", "/repos/our-org/a", False),
        ("api.example.com", 443, "DELETE", "/repos/our-org/a", False),
        ("api.example.com", 443, "get", "/repos/our-org/a", False),
        ("api.example.com", 443, "GET", "/repos/their-org/a", False),
        ("api.example.com", 443, "GET", "/repos/our-org/../their-org/a", False),
        ("api.example.com", 443, "GET", "/repos/our-org/..%2ftheir-org", False),
        ("api.example.com", 443, "GET", "//repos/our-org/a", False),
    ],
)
def test_host_port_method_and_path_must_all_fit(
    host: str, port: int, method: str, path: str, expected: bool
) -> None:
    assert allows(_BOUND, host, port, method=method, path=path) is expected


def test_a_host_is_served_whatever_the_request() -> None:
    assert [serves(_BOUND, "api.example.com", port) for port in (443, 80)] == [True, False]
    assert serves(_BOUND, "api.example.com", 5432, usual=5432)


def test_a_refresh_token_goes_to_its_token_endpoint_and_nowhere_else() -> None:
    one = credential("oauth", host="auth.example.com")
    session = Session(one)
    body = f'{{"refresh_token":"{session.text("refresh_token")}"}}'.encode()
    (found,) = placed(request(method="POST"), body, session.meaning)
    places = [
        ("auth.example.com", 443, "POST", "/oauth/token"),
        ("auth.example.com", 443, "GET", "/oauth/token"),
        ("auth.example.com", 443, "POST", "/oauth/other"),
        ("auth.example.com", 8443, "POST", "/oauth/token"),
        ("example.com", 443, "POST", "/oauth/token"),
    ]
    told = [
        may_use(one.binding, found, host, port, method=method, path=path)
        for host, port, method, path in places
    ]
    assert told == [True, False, False, False, False]
