"""A request with secrets where their placeholders stood. Only what is about to be sent ever holds both.

It trusts nobody who looked before: kind and place are checked again with the credential as it is now.
"""

import base64
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ringfence.core.secrets import Secret
from ringfence.egress.injecting.addresses import with_parameters, with_path_text
from ringfence.egress.injecting.bodies import CannotBePut, with_text
from ringfence.egress.injecting.places import Misplaced, Place, Placed, basic_pair
from ringfence.protocols.http import Headers, RequestHead
from ringfence.vault.credential import Credential
from ringfence.vault.kinds import Basic, public_parts, secret_parts

__all__ = ["inject", "secret_for", "written_oddly"]


def inject(
    head: RequestHead,
    body: bytes,
    credential: Credential,
    placed: Iterable[Placed],
    *,
    made: Mapping[str, Secret] = MappingProxyType({}),
) -> tuple[RequestHead, bytes]:
    """The request with this credential's secrets; what is placed of others stays.

    `made` are parts that were made of it outside, such as an `access_token`. Signatures are not made here:
    see `aws.signed`. Headers that frame the body are the caller's.

    Raises:
        Misplaced: it has been set anew since, as another kind or for another place.
    """
    for each in placed:
        if each.credential != credential.name:
            continue
        secret = secret_for(credential, each, made)
        match each.place:
            case Place.PATH:
                before = each.meant.said("template").partition("{}")[0]
                head = head.changed(target=with_path_text(head.target, before, each.text, secret))
            case Place.QUERY:
                head = head.changed(target=with_parameters(head.target, each.name, each.text, secret))
            case Place.BODY:
                try:
                    body = with_text(head, body, each.name, each.text, secret)
                except CannotBePut:
                    raise written_oddly(each) from None
            case _:
                head = head.changed(headers=_with_header(head.headers, credential, each, secret))
    return head, body


def _with_header(headers: Headers, credential: Credential, each: Placed, secret: str) -> Headers:
    made = []
    for name, value in headers:
        if name.lower() == each.name:
            made.append((name, _value(value, credential, each, secret)))
        else:
            made.append((name, value))
    return Headers(tuple(made))


def _value(value: str, credential: Credential, each: Placed, secret: str) -> str:
    if each.place not in (Place.USER, Place.PASSWORD):
        return value.replace(each.text, secret)
    pair = basic_pair(value)
    if pair is None:
        return value
    user, password = pair
    if each.place is Place.USER:
        user = secret if user == each.text else user
    elif password == each.text:
        of = credential.authentication
        user, password = (of.user if isinstance(of, Basic) else user), secret
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def secret_for(
    credential: Credential, each: Placed, made: Mapping[str, Secret] = MappingProxyType({})
) -> str:
    """What takes a placeholder's place.

    Raises:
        Misplaced: the credential has been set anew since.
    """
    _check(credential, each)
    found = {**secret_parts(credential.authentication), **made}.get(each.meant.part)
    if found is None:
        raise _changed(credential)
    return found.reveal().decode()


def _check(credential: Credential, each: Placed) -> None:
    now = tuple(sorted(public_parts(credential.authentication).items()))
    if each.meant.kind != credential.kind or each.meant.public != now or each.place is Place.SIGNATURE:
        raise _changed(credential)


def written_oddly(each: Placed) -> Misplaced:
    """A placeholder stands in JSON so that bytes do not say which text it is."""
    return Misplaced(
        f"the placeholder of {each.credential} stands in what is sent more than once, or escaped",
        hint=f"send it once, unescaped, at {each.name}",
    )


def _changed(credential: Credential) -> Misplaced:
    return Misplaced(
        f"the credential {credential.name} is another than when this session began",
        hint="start a new session, which gets a placeholder for it as it is now",
    )
