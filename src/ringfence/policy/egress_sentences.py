"""What a profile says of its agent's way out, in words for people who sign it."""

from collections.abc import Iterator

from ringfence.policy.sentences import Sentence, Value, listed, size
from ringfence.policy.values import (
    EGRESS_BOUNDS,
    ConnectTo,
    Egress,
    Network,
    Origin,
    Private,
    Registries,
    UpstreamProxy,
)
from ringfence.policy.words import word_of

__all__ = [
    "addresses_words",
    "built_in_words",
    "egress_bound_words",
    "of_egress",
    "proxy_words",
    "rate_words",
    "registries_words",
    "where_words",
    "worth_words",
]

_BOUNDS = {
    "connections": "{} connections at one time",
    "sent_bytes": "{} sent in a session",
    "received_bytes": "{} received in a session",
}


def egress_bound_words(field: str, amount: int) -> str:
    """`10 MB sent in a session`."""
    return _BOUNDS[field].format(size(amount) if field.endswith("_bytes") else amount)


def rate_words(amount: int, per: str) -> str:
    """`100 requests per minute`."""
    return f"{amount} request{'' if amount == 1 else 's'} per {per}"


def built_in_words(*, stays: bool) -> str:
    """`keeps what is built in of it beside these hosts`."""
    return f"{'keeps' if stays else 'does not keep'} what is built in of it, beside hosts that are named"


def registries_words(*, may: bool) -> str:
    """`may read the package registries that this machine is set to`."""
    return f"may {'' if may else 'not '}read the package registries that this machine is set to"


def where_words(there: ConnectTo | None) -> Sentence:
    """`to gateway.test, port 8443, over TLS`."""
    if there is None:
        return ("where they are asked to go",)
    pieces: list[str | Value] = ["to ", Value(there.to_host)]
    pieces += [f", port {there.to_port}"] if there.to_port is not None else []
    pieces += [", over TLS" if there.tls else ", without TLS"] if there.tls is not None else []
    pieces += [", by the authorities in ", Value(there.ca)] if there.ca is not None else []
    return tuple(pieces)


def proxy_words(proxied: UpstreamProxy | None) -> Sentence:
    """`http://proxy.test:3128, with the login corp, but not to 10.0.0.0/8`."""
    if proxied is None:
        return ("no proxy",)
    there = ("what ", Value(proxied.pac), " names") if proxied.pac else (Value(str(proxied.proxy)),)
    pieces: list[str | Value] = [*there]
    pieces += [", with the login ", Value(proxied.credential)] if proxied.credential is not None else []
    pieces += [", by the authorities in ", Value(proxied.ca), " too"] if proxied.ca is not None else []
    direct: list[Sentence] = [(Value(str(each)),) for each in (*proxied.direct_hosts, *proxied.direct)]
    return (*pieces, *((", but not to ", *listed(direct, "or")) if direct else ()))


def addresses_words(networks: tuple[Network, ...]) -> Sentence:
    """`10.0.0.0/8 or fd00::1/128`."""
    return listed([(Value(str(each)),) for each in networks], "or") or ("none",)


def worth_words(origin: Origin) -> Sentence:
    """`user and internal`."""
    return (Value(word_of(origin.integrity)), " and ", Value(word_of(origin.sensitivity)))


def of_egress(said: Egress) -> Sentence:
    """Sentences, each with a space before it; none where nothing is said."""
    return tuple(piece for sentence in _sentences(said) for piece in sentence)


def _sentences(said: Egress) -> Iterator[Sentence]:
    least: list[Sentence] = [
        (egress_bound_words(field, bound.amount),)
        for field in EGRESS_BOUNDS
        if (bound := getattr(said, field)) is not None
    ]
    least += [(rate_words(each.amount, each.per),) for each in said.requests]
    if least:
        yield (" Its way out has at most ", *listed(least, "and"), ".")
    if said.registries is not None:
        yield (f" It {registries_words(may=said.registries is Registries.READ)}.",)
    if said.built_in is not None:
        yield (f" It {built_in_words(stays=said.built_in)}.",)
    for there in said.connect_to:
        port = f", port {there.port}," if there.port is not None else ""
        yield (" Connections to ", Value(there.host), f"{port} go ", *where_words(there), ".")
    for each in said.private:
        yield _private(each)
    for proxied in said.upstream:
        yield (" Connections to ", Value(proxied.host), " go through ", *proxy_words(proxied), ".")
    for origin in said.origins:
        yield (" Answers of ", Value(origin.host), " count as ", *worth_words(origin), ".")


def _private(said: Private) -> Sentence:
    return (" ", Value(said.host), " may have the private addresses ", *addresses_words(said.addresses), ".")
