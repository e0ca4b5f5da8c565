"""Who is told of questions, in words. Of an address only host and port: the rest may be a secret."""

from ringfence.policy.sentences import Sentence, Value, listed
from ringfence.policy.values import Switch, Webhook

__all__ = ["of_desktop", "of_webhook"]


def of_desktop(switch: Switch) -> Sentence:
    """Whether the desktop shows questions, with its full stop."""
    return ("The desktop shows questions." if switch.is_on else "The desktop shows no questions.",)


def of_webhook(webhook: Webhook) -> Sentence:
    """Who is told, and how; without a full stop."""
    where = Value(f"{webhook.host}:{webhook.port}")
    signed = "signed with the key in " if webhook.secret else "not signed"
    secret = (Value(webhook.secret),) if webhook.secret else ()
    private = listed([(Value(str(each)),) for each in webhook.private], "or")
    more = (", which may have the address ", *private) if private else ()
    ca = (", trusting ", Value(webhook.ca)) if webhook.ca else ()
    return (where, " is told by HTTPS, ", signed, *secret, *more, *ca)
