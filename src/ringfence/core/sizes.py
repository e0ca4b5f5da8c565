"""Sizes as people read them."""

__all__ = ["show_size"]


def show_size(size_bytes: int) -> str:
    """Three digits and a decimal unit, as disk makers and file managers count: `4.1 GB`."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
