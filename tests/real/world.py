"""Hosts out there for boxes: servers on this machine, to which a policy leads names.

with place(user) as here, host("api.example.com", Handler) as api:
    lead(here, api, network="{host: api.example.com}")
    done = here.run("curl", "https://api.example.com/")
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from egress.upstream_servers import OUTSIDE, Handler, http_server, tls_for
from real.running import Place

__all__ = ["Host", "host", "keep", "lead", "lead_only"]


@dataclass(frozen=True, kw_only=True)
class Host:
    """One of them. `tls`: it speaks TLS, with a certificate that only what a policy names trusts."""

    name: str
    port: int
    tls: bool = True


@contextmanager
def host(name: str, handler: type[BaseHTTPRequestHandler] = Handler) -> Iterator[Host]:
    """One that speaks HTTPS."""
    with http_server(handler, tls=tls_for(name)) as (_, port):
        yield Host(name=name, port=port)


def lead(
    here: Place,
    *hosts: Host,
    network: str,
    credentials: str = "",
    git: str = "",
    reads: tuple[Path, ...] = (),
    egress: str = "",
    more: str = "",
) -> None:
    """The user's policy: for each agent this network, and names lead to these hosts.

    `reads` are folders out of the working tree that programs are in.
    """
    there = _there(here, hosts)
    read = ", ".join(f'"{each}"' for each in ("**", *(f"{folder}/**" for folder in reads)))
    here.policy(
        f"""
version: 1
agents:
  profiles:
    "*":
      network: [{network}]
      credentials: [{credentials}]
      git: {{{git}}}
      files: {{read: [{read}], write: ["**"]}}
      egress:
        {egress}
        connect_to: {there}
{more}
"""
    )


def lead_only(here: Place, *hosts: Host) -> None:
    """Names lead to these hosts, and the policy says nothing else."""
    there = _there(here, hosts)
    profile = f'    "*":\n      egress:\n        connect_to: {there}'
    here.policy(f"version: 1\nagents:\n  profiles:\n{profile}\n")


def _there(here: Place, hosts: tuple[Host, ...]) -> str:
    here.needs_ringfence()  # its daemon is executed
    ca = here.home / "outside.pem"
    ca.write_text(OUTSIDE.certificate_pem)
    here.own(ca)
    return "".join(
        f"\n          - {{host: {each.name}, to_host: 127.0.0.1, to_port: {each.port}, "
        + (f"ca: {ca}}}" if each.tls else "tls: false}")
        for each in hosts
    )


def keep(here: Place, name: str, *how: str, secret: str) -> None:
    """Puts a credential into the vault of the place's user."""
    done = here.ringfence("vault", "set", name, *how, stdin=secret.encode())
    assert done.exit == 0, done
