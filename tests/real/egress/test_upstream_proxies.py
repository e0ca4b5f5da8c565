"""Boxes where nothing leaves but through a company proxy: with a login, over TLS, with its authority."""

import importlib.util

import pytest

from egress.upstream_servers import OUTSIDE, Handler, http_server, raw_server, tls_for
from needs import missing
from real.running import USERS, Place, free_port, place
from real.world import keep
from socks_server import socks_server
from upstream_proxy import Proxied, upstream_proxy

_LOGIN = "ann:p-0123456789abcdefghijklmnop"


def _policy(here: Place, proxy: str, *, network: str, more: str = "", egress: str = "") -> None:
    here.needs_ringfence()
    ca = here.home / "corp.pem"
    ca.write_text(OUTSIDE.certificate_pem)
    here.own(ca)
    here.policy(
        f"""
version: 1
agents:
  profiles:
    "*":
      files: {{read: ["**"], write: ["**"]}}
      network: [{network}]
      egress:
        upstream: [{{host: "*", proxy: "{proxy}", ca: {ca}{more}}}]
        {egress}
"""
    )


def _status(url: str) -> str:
    return f"curl -s -o said -w '%{{http_code}}\\n' {url}; cat said; echo"


def _of(proxied: Proxied) -> set[str]:
    return {each.removesuffix(" HTTP/1.1") for each in proxied.asked}


@pytest.mark.parametrize("user", USERS)
def test_requests_go_through_the_proxy_and_are_judged_as_ever(user: str) -> None:
    with (
        place(user) as here,
        http_server(tls=tls_for("api.corp.test")) as (_, port),
        http_server() as (_, plain),
        upstream_proxy(
            {"api.corp.test:443": port, "plain.corp.test:80": plain}, connects_to=frozenset({443})
        ) as proxied,
    ):
        network = "{host: api.corp.test, methods: [GET]}, {host: plain.corp.test}"
        _policy(here, f"http://127.0.0.1:{proxied.port}", network=network)
        script = f"""
            curl -sS https://api.corp.test/a; echo
            curl -sS http://plain.corp.test/b?c; echo
            curl -sS -d body http://plain.corp.test/d; echo
            {_status("-d x https://api.corp.test/a")}
            {_status("https://other.test/")}
        """
        said = here.sh(script).out
        assert said.startswith("GET /a api.corp.test ")
        assert "\nGET /b?c plain.corp.test " in said
        assert "\nbody\n403\nringfence: " in said
        assert _of(proxied) == {
            "CONNECT api.corp.test:443",
            "GET http://plain.corp.test/b?c",
            "POST http://plain.corp.test/d",
        }


@pytest.mark.parametrize("user", USERS)
def test_a_login_comes_from_the_vault_and_no_box_knows_it(user: str) -> None:
    with (
        place(user) as here,
        http_server(tls=tls_for("api.corp.test")) as (_, port),
        http_server() as (_, plain),
        upstream_proxy({"api.corp.test:443": port, "plain.corp.test:80": plain}, login=_LOGIN) as proxied,
    ):
        _policy(
            here,
            f"http://127.0.0.1:{proxied.port}",
            network="{host: api.corp.test}, {host: plain.corp.test}",
            more=", credential: corp",
        )
        keep(
            here,
            "corp",
            *("--kind", "basic", "--part", "user=ann", "--host", f"127.0.0.1:{proxied.port}"),
            secret=_LOGIN.partition(":")[2],
        )
        done = here.sh("curl -sS https://api.corp.test/a; echo; curl -sS http://plain.corp.test/b; env")
        lines = done.out.splitlines()
        assert lines[0].startswith("GET /a api.corp.test "), done
        assert lines[1].startswith("GET /b plain.corp.test "), done
        assert (proxied.refused, "0123456789" in done.out) == (0, False)
        assert "0 credentials outside" in done.err  # no placeholder stands for it
        assert here.report()["credentials"] == [{"name": "corp", "times": 2}]


@pytest.mark.parametrize("user", USERS)
def test_a_proxy_that_wants_a_login_is_said(user: str) -> None:
    routes = {"api.corp.test:443": 1, "plain.corp.test:80": 1}
    with place(user) as here, upstream_proxy(routes, login=_LOGIN) as proxied:
        network = "{host: api.corp.test}, {host: plain.corp.test}"
        _policy(here, f"http://127.0.0.1:{proxied.port}", network=network)
        for url in ("https://api.corp.test/", "http://plain.corp.test/"):
            done = here.sh(_status(url))
            what = f"the proxy 127.0.0.1:{proxied.port} wants a login, or another one"
            assert done.out.splitlines()[0] == "502", done
            assert (what in done.out, "`credential` of" in done.out) == (True, True), done
        assert proxied.refused == 2


@pytest.mark.parametrize("user", USERS)
def test_nothing_goes_directly_where_the_proxy_is_down(user: str) -> None:
    with place(user) as here, http_server() as (address, port):
        network = f"{{host: {address}, port: {port}}}"
        private = f"private: [{{host: {address}, addresses: 127.0.0.0/8}}]"
        ask = _status(f"--noproxy '' http://{address}:{port}/a")
        for direct, said in (
            ("", f"502\nringfence: 127.0.0.1:{(down := free_port())} cannot be reached: Connection refused"),
            (", direct: 127.0.0.0/8", f"200\nGET /a {address}"),
            (f", direct: {address}", f"200\nGET /a {address}"),
        ):
            _policy(here, f"http://127.0.0.1:{down}", network=network, more=direct, egress=private)
            done = here.sh(ask)
            assert done.out.startswith(said), done


def test_a_proxy_over_tls_carries_tls_and_raw_bytes() -> None:
    def echo(connected: object) -> None:
        connected.sendall(b"hello " + connected.recv(100))  # type: ignore[attr-defined]

    with (
        place() as here,
        http_server(tls=tls_for("api.corp.test")) as (_, port),
        raw_server(echo) as (_, raw),
        upstream_proxy(
            {"api.corp.test:443": port, "raw.corp.test:7777": raw}, tls=tls_for("127.0.0.1")
        ) as proxied,
    ):
        network = "{host: api.corp.test}, {host: raw.corp.test, port: 7777, raw: true}"
        _policy(here, f"https://127.0.0.1:{proxied.port}", network=network)
        dial = "import socket; s = socket.create_connection(('raw.corp.test', 7777)); s.send(b'you'); "
        script = f"""
            curl -sS https://api.corp.test/a; echo
            python3 -I -c "{dial}print(s.recv(100).decode())"
        """
        done = here.sh(script)
        assert done.out.splitlines()[0].startswith("GET /a api.corp.test "), done
        assert done.out.splitlines()[1] == "hello you", done
        assert _of(proxied) == {"CONNECT api.corp.test:443", "CONNECT raw.corp.test:7777"}


@pytest.mark.parametrize("user", USERS)
def test_a_proxy_that_speaks_socks_carries_all_of_it_with_a_login(user: str) -> None:
    def echo(connected: object) -> None:
        connected.sendall(b"hello " + connected.recv(100))  # type: ignore[attr-defined]

    with (
        place(user) as here,
        http_server(tls=tls_for("api.corp.test")) as (_, port),
        http_server() as (_, plain),
        raw_server(echo) as (_, raw),
        socks_server(
            {"api.corp.test:443": port, "plain.corp.test:80": plain, "raw.corp.test:7777": raw}, login=_LOGIN
        ) as proxied,
    ):
        network = (
            "{host: api.corp.test}, {host: plain.corp.test}, {host: raw.corp.test, port: 7777, raw: true}"
        )
        _policy(here, f"socks5://127.0.0.1:{proxied.port}", network=network, more=", credential: corp")
        keep(
            here,
            "corp",
            *("--kind", "basic", "--part", "user=ann", "--host", f"127.0.0.1:{proxied.port}"),
            secret=_LOGIN.partition(":")[2],
        )
        dial = "import socket; s = socket.create_connection(('raw.corp.test', 7777)); s.send(b'you'); "
        script = f"""
            curl -sS https://api.corp.test/a; echo
            curl -sS http://plain.corp.test/b; echo
            python3 -I -c "{dial}print(s.recv(100).decode())"
            {_status("https://other.test/")}
        """
        done = here.sh(script)
        lines = done.out.splitlines()
        assert lines[0].startswith("GET /a api.corp.test "), done
        assert lines[1].startswith("GET /b plain.corp.test "), done
        assert lines[2:4] == ["hello you", "403"], done
        assert set(proxied.asked) == {"api.corp.test:443", "plain.corp.test:80", "raw.corp.test:7777"}
        assert (proxied.refused, here.report()["credentials"]) == (0, [{"name": "corp", "times": 3}])


def test_private_addresses_are_refused_before_the_proxy_hears_of_them() -> None:
    with (
        place() as here,
        http_server(Handler) as (_, port),
        upstream_proxy({f"10.0.0.1:{port}": port}) as proxied,
    ):
        _policy(here, f"http://127.0.0.1:{proxied.port}", network=f"{{host: 10.0.0.1, port: {port}}}")
        done = here.sh(_status(f"http://10.0.0.1:{port}/"))
        assert "10.0.0.1 leads to 10.0.0.1, where boxes do not go: it is private" in done.out, done
        assert proxied.asked == []


def test_a_proxy_of_the_user_s_variables_is_named_where_the_policy_names_none() -> None:
    with place() as here:
        variables = {"HTTPS_PROXY": "http://ann:secret@proxy.corp.test:8080"}
        _policy(here, "http://proxy.corp.test:8080", network="{host: api.corp.test}")
        assert "HTTPS_PROXY" not in here.run("true", environment=variables).err
        here.policy("version: 1\nagents: {profiles: {'*': {network: [{host: api.corp.test}]}}}\n")
        done = here.run("true", environment=variables)
        said = 'egress: {upstream: [{host: "*", proxy: "http://proxy.corp.test:8080"}]}'
        assert (done.exit, said in done.err, "secret" in done.err) == (0, True, False), done
        done = here.run("true", environment={"ALL_PROXY": "socks5h://127.0.0.1:1080"})
        assert 'proxy: "socks5://127.0.0.1:1080"' in done.err


@pytest.mark.parametrize("user", USERS)
def test_a_file_of_automatic_configuration_names_the_proxy_where_it_can_be_read(user: str) -> None:
    with (
        place(user) as here,
        http_server() as (_, plain),
        upstream_proxy({"plain.corp.test:80": plain}) as proxied,
    ):
        _policy(here, "http://127.0.0.1:1", network="{host: plain.corp.test}")
        pac = here.home / "proxy.pac"
        pac.write_text(f"function FindProxyForURL(url, host) {{ return 'PROXY 127.0.0.1:{proxied.port}'; }}")
        here.own(pac)
        policy = here.home / ".config/ringfence/ringfence.yaml"
        here.policy(policy.read_text().replace('proxy: "http://127.0.0.1:1"', f"pac: {pac}"))
        said = here.sh(_status("http://plain.corp.test/a")).out
        if importlib.util.find_spec("quickjs") is None:
            assert said.startswith("502\nringfence: nothing here evaluates the proxy's script"), said
            assert "pip install 'ringfence[pac]'" in said
        else:
            assert said.startswith("200\nGET /a plain.corp.test"), said


class _Scripts(Handler):
    proxy = 0

    def do_GET(self) -> None:  # noqa: N802
        script = f"function FindProxyForURL(url, host) {{ return 'PROXY 127.0.0.1:{self.proxy}'; }}"
        self.answer(script.encode(), ETag='"1"')


@pytest.mark.parametrize("user", USERS)
def test_a_script_that_has_an_address_is_fetched_for_the_box_and_kept(
    user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("quickjs") is None:
        missing("QuickJS", "pip install quickjs-ng")
    with (
        place(user) as here,
        http_server() as (_, plain),
        upstream_proxy({"plain.corp.test:80": plain}) as proxied,
    ):
        monkeypatch.setattr(_Scripts, "proxy", proxied.port)
        _policy(here, "http://127.0.0.1:1", network="{host: plain.corp.test}")
        policy = (here.home / ".config/ringfence/ringfence.yaml").read_text()
        with http_server(_Scripts) as (address, port):
            policy = policy.replace('proxy: "http://127.0.0.1:1"', f"pac: http://{address}:{port}/proxy.pac")
            here.policy(policy)
            done = here.sh(_status("http://plain.corp.test/a"))
            assert done.out.startswith("200\nGET /a plain.corp.test"), done
        here.policy(policy.replace("proxy.pac", "other.pac"))  # which nobody has ever had
        done = here.sh("echo started")
        assert (done.exit, "started" in done.out) == (125, False), done
        what = f"ringfence: error: the proxy's script at {address} is not to be had: {address}:{port} cannot"
        assert (what in done.err, "`pac` of `egress: {upstream}` may name a file" in done.err) == (True, True)
