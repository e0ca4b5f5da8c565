"""What a plan has whose network is answered, and that no other plan has any of it."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import boxes
from made_hosts import SESSION_FOLDER, a_policy, made_host, planned
from ringfence.egress.authority import make_authority
from ringfence.sandbox.furnishing import put_readable
from ringfence.sandbox.plan import MountKind, Network, Plan
from ringfence.sandbox.planning.answered import (
    AUTHORITIES,
    FOLDER,
    JAVA_STORE,
    answered_mounts,
    answered_variables,
    authorities,
    network_of,
)
from ringfence.sandbox.planning.authority_forms import hashed_name, java_store
from ringfence.sandbox.planning.looking import look
from ringfence.sandbox.planning.wanted import WantedNetwork

CA = make_authority("one", datetime.now(UTC)).certificate_pem
OWN = {f"{FOLDER}/{hashed_name(CA)}": CA.encode(), JAVA_STORE: java_store(CA)}
SYSTEM_S = b"-----BEGIN CERTIFICATE-----\nsystem's\n-----END CERTIFICATE-----"
WANTED = WantedNetwork(ca_pem=CA, ports=(5432, 443, 22), environment=(("API_KEY", "placeholder"),))
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
SHOWN = f"{SESSION_FOLDER}/authorities.pem"
PROXY = "http://127.0.0.1:3128"
USERS = ["ordinary", "root"] if os.geteuid() == 0 else ["ordinary"]


def files(plan: Plan) -> dict[str, bytes | str | None]:
    """Those that hold authorities: what stands in them, or where that is."""
    return {
        each.target: each.content or each.source for each in plan.mounts if each.why.text == "authorities"
    }


def test_the_session_s_authority_is_with_the_system_s_wherever_programs_look() -> None:
    host = made_host(
        BUNDLE,
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        links={
            "/etc/ssl/cert.pem": "certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt": "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        },
    )
    plan = planned(a_policy(), host, network=WANTED).plan
    bundles = (AUTHORITIES, BUNDLE, "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")
    assert files(plan) == dict.fromkeys(bundles, SHOWN) | OWN
    (resolver,) = [each for each in plan.mounts if each.target == "/etc/resolv.conf"]
    assert resolver.content.endswith(b"\nnameserver 127.0.0.1\n")


def test_what_is_shown_is_the_system_s_and_the_session_s() -> None:
    host = replace(made_host(), authorities=lambda: SYSTEM_S)
    assert authorities(WANTED, host) == SYSTEM_S + b"\n" + CA.encode()


def test_a_system_without_authorities_has_the_session_s_alone() -> None:
    assert files(planned(a_policy(), network=WANTED).plan) == {AUTHORITIES: SHOWN} | OWN
    assert authorities(WANTED, made_host()) == CA.encode()


def test_before_a_session_has_an_authority_there_is_nothing_of_it() -> None:
    wanted = replace(WANTED, ca_pem="")
    assert files(planned(a_policy(), network=wanted).plan) == {AUTHORITIES: SHOWN}
    assert authorities(wanted, made_host()) == b""


def test_variables_name_the_authorities_and_the_proxy_and_hold_placeholders() -> None:
    handed = a_policy("profiles: {claude: {sandbox: {environment: [API_KEY, HTTP_PROXY]}}}")
    user_s = {"API_KEY": "secret", "HTTP_PROXY": "http://elsewhere:1", "PATH": "/usr/bin"}
    before = dict(planned(handed, environment=user_s).command.environment)
    after = dict(planned(handed, environment=user_s, network=WANTED).command.environment)
    assert {name: value for name, value in after.items() if before.get(name) != value} == {
        "API_KEY": "placeholder",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), PROXY),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1"),
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), AUTHORITIES),
        **dict.fromkeys(("GIT_SSL_CAINFO", "PIP_CERT", "NODE_EXTRA_CA_CERTS"), AUTHORITIES),
        **dict.fromkeys(("NPM_CONFIG_CAFILE", "DENO_CERT", "CARGO_HTTP_CAINFO"), AUTHORITIES),
        **dict.fromkeys(("AWS_CA_BUNDLE", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"), AUTHORITIES),
        **dict.fromkeys(("HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"), AUTHORITIES),
        **dict.fromkeys(("PERL_LWP_SSL_CA_FILE", "CODEX_CA_CERTIFICATE"), AUTHORITIES),
        "SSL_CERT_DIR": FOLDER,
        "JAVA_TOOL_OPTIONS": f"-Djavax.net.ssl.trustStore={JAVA_STORE} -Djavax.net.ssl.trustStoreType=JKS",
    }


def test_placeholders_do_not_take_the_place_of_what_the_box_says() -> None:
    wanted = replace(WANTED, environment=(("HOME", "/elsewhere"), ("SSL_CERT_FILE", "/elsewhere")))
    made = dict(planned(a_policy(), network=wanted).command.environment)
    assert (made["HOME"], made["SSL_CERT_FILE"]) == ("/home/ann", AUTHORITIES)


def test_ports_are_those_that_no_box_catches_anyhow() -> None:
    assert network_of(WANTED) == Network(ports=(22, 5432))
    assert planned(a_policy(), network=WANTED).plan.network == Network(ports=(22, 5432))


def test_the_proxy_makes_way_for_a_port_that_the_policy_names() -> None:
    network = network_of(replace(WANTED, ports=(3129, 3128)))
    assert network == Network(ports=(3128, 3129), proxy_port=3130)
    assert answered_variables(network)["http_proxy"] == "http://127.0.0.1:3130"


def test_without_a_network_a_plan_has_none_of_it() -> None:
    made = planned(a_policy(), made_host(BUNDLE))
    assert (made.plan.network, files(made.plan)) == (None, {})
    assert not {name for name, _ in made.command.environment} & {"SSL_CERT_FILE", "http_proxy", "NO_PROXY"}


@pytest.mark.parametrize("user", USERS)
def test_a_box_reads_the_session_s_authority_in_the_system_s_own_file(user: str, tmp_path: Path) -> None:
    bundle = Path(BUNDLE)
    if not bundle.is_file():
        pytest.skip("this system has its authorities elsewhere")
    host = look({}, home=str(tmp_path), own=())
    with TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # whoever starts the box reaches it
        put_readable(Path(folder, "bundle"), authorities(WANTED, host))
        shown = answered_mounts(WANTED, host, bundle=f"{folder}/bundle")
        ssl = boxes.bind("/etc/ssl/certs", MountKind.READ)
        result = boxes.run(
            ["/bin/cat", BUNDLE, AUTHORITIES],
            user=user,
            mounts=(*boxes.system_mounts(), ssl, *shown, boxes.made("/w", MountKind.MEMORY)),
            folder="/w",
        )
    both = bundle.read_bytes().rstrip(b"\n") + b"\n" + CA.encode()
    assert (result.exit, result.stdout) == (0, both * 2)


def test_the_proxy_makes_way_for_a_port_of_the_loopback_and_dns_is_never_one() -> None:
    network = network_of(replace(WANTED, own_ports=(5432, 3128, 53, 80)))
    assert network == Network(ports=(22, 5432), own_ports=(80, 3128, 5432), proxy_port=3129)
