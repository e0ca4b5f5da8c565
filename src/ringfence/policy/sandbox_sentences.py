"""What a profile says of its agent's box, in words for people who sign it."""

from ringfence.policy.sentences import Sentence, Value, duration, listed, size
from ringfence.policy.values import Published, Sandbox

__all__ = ["bound_words", "of_sandbox", "published_words"]

_BOUNDS = {
    "memory_bytes": "{} of memory",
    "processes": "{} processes",
    "open_files": "{} open files in a process",
    "file_bytes": "{} in a file",
    "cpu_s": "{} of processor time in a process",
    "wall_s": "{} in all",
}


def bound_words(field: str, amount: int) -> str:
    """`4 GB of memory`."""
    if field.endswith("_bytes"):
        return _BOUNDS[field].format(size(amount))
    return _BOUNDS[field].format(duration(amount) if field.endswith("_s") else amount)


def published_words(published: Published) -> str:
    """`port 18000 leads to port 8000 of its box`."""
    return f"port {published.host_port} leads to port {published.port} of its box"


def of_sandbox(said: Sandbox) -> Sentence:
    """Sentences, each with a space before it; none where nothing is said."""
    pieces: list[Sentence] = []
    bounds = [(field, bound) for field in _BOUNDS if (bound := getattr(said, field)) is not None]
    if bounds:
        words = [(bound_words(field, bound.amount),) for field, bound in bounds]
        pieces.append((" Its box has at most ", *listed(words, "and"), "."))
    if said.debug is not None:
        may = "may" if said.debug.is_on else "may not"
        pieces.append((f" Programs in it {may} trace their own children.",))
    if said.environment:
        names: list[Sentence] = [(Value(each.names),) for each in said.environment]
        pieces.append((" It is handed the variables ", *listed(names, "and"), "."))
    elif said.environment is not None:
        pieces.append((" It is handed no variables.",))
    if said.keeps_home is not None:
        pieces.append(
            (
                " Its home is kept from run to run."
                if said.keeps_home.is_on
                else " Its home is new for each session.",
            )
        )
    if said.publish:
        ports = [(published_words(each),) for each in said.publish]
        pieces.append((" At the machine's own loopback ", *listed(ports, "and"), "."))
    if said.hides_starts is not None:
        are = "are not" if said.hides_starts.is_on else "are"
        pieces.append((f" Programs that start in it {are} recorded.",))
    return tuple(piece for sentence in pieces for piece in sentence)
