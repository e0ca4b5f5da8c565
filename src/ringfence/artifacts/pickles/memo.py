"""A pickle's memo, as the C unpickler keeps it: numbers to items, where MEMOIZE writes behind the last.

Nearly every pickle numbers its entries from 0 upwards, so that most of them lie in a list.
"""

from ringfence.artifacts.pickles.runs import Run

__all__ = ["Memo"]


class Memo:
    """Numbers to items."""

    __slots__ = ("far", "near")

    def __init__(self) -> None:
        self.near: list[object] = []  # 0, 1, 2 …
        self.far: dict[int, object] = {}  # numbers that came before those below them

    def __len__(self) -> int:
        return len(self.near) + len(self.far)

    def __contains__(self, key: int) -> bool:
        return key < len(self.near) or key in self.far

    def get(self, key: int) -> object:
        """The item; None when there is none.

        Raises:
            Malformed: it was passed over, and looking for it takes more than may be read.
        """
        if key >= len(self.near):
            return self.far.get(key)
        if type(item := self.near[key]) is Run:
            item.spell_out(self.near)
        return self.near[key]

    def put(self, key: int, item: object) -> None:
        """Keeps the item under the number."""
        if key < len(self.near):
            self.near[key] = item
        elif key == len(self.near) and key not in self.far:
            self.near.append(item)
        else:
            self.far[key] = item

    def clear(self) -> None:
        """Forgets everything."""
        self.near.clear()
        self.far.clear()
