"""The tensors of two files, or of all shards of two models: which are the same bytes."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

from ringfence.app.diff.comparison import TensorChanges, names, shown
from ringfence.artifacts.tensors.tensor import Tensor, chunks

__all__ = ["tensor_changes"]


def tensor_changes(
    name: str, old: Iterable[Tensor], new: Iterable[Tensor], *, threads: int
) -> TensorChanges | None:
    """What is different, None where nothing is. All bytes of tensors that both have are read.

    Raises:
        Malformed: a tensor cannot be read.
    """
    before, after = ({each.name: each for each in side} for side in (old, new))
    both = [each for each in after if each in before]
    alike = [each for each in both if _kind(before[each]) == _kind(after[each])]
    with ThreadPoolExecutor(threads) as pool:
        equal = list(pool.map(lambda each: _same(before[each], after[each]), alike))
    changed = [each for each, same in zip(alike, equal, strict=True) if not same]
    retyped = [each for each in both if _kind(before[each]) != _kind(after[each])]
    added = [each for each in after if each not in before]
    removed = [each for each in before if each not in after]
    if not (changed or retyped or added or removed):
        return None
    return TensorChanges(
        name=shown(name),
        same=len(alike) - len(changed),
        added=names(f"{each} {_kind(after[each])}" for each in added),
        removed=names(f"{each} {_kind(before[each])}" for each in removed),
        retyped=names(f"{each} {_kind(before[each])} → {_kind(after[each])}" for each in retyped),
        changed=names(changed),
    )


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype} {'x'.join(map(str, tensor.shape)) or 'scalar'}"


def _same(old: Tensor, new: Tensor) -> bool:
    """Whether both are the same bytes, which are read until they differ."""
    return all(one == other for one, other in zip_longest(chunks(old), chunks(new)))
