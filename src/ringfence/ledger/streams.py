"""What streams are called in which more than one part of ringfence writes."""

__all__ = ["session_stream"]


def session_stream(session: str) -> str:
    """Where the ledger has what happens in a session."""
    return f"session/{session}"
