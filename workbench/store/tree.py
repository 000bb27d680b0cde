"""The contents of an HDF5 file as text."""

from collections.abc import Iterator
from typing import Any

import h5py

from common.json_text import parse_object
from common.text import printable
from workbench.store.schema import ENTRIES

MAX_LENGTH = 90  # Characters of a value.


def format_tree(file: h5py.File) -> Iterator[str]:
    """Yield a line for each group, dataset and attribute, and for each entry of a JSON attribute.

    The line of a dataset has its name, shape, dtype, size in the file, and unit.
    """
    yield from _members(file, "", ())
    yield from _attributes(file)


def _members(group: h5py.Group, indent: str, above: tuple[h5py.Group, ...]) -> Iterator[str]:
    kinds = {name: group.get(name, getclass=True, getlink=True) for name in group}
    linked = sorted(name for name, kind in kinds.items() if kind is not h5py.HardLink)
    yield from (f"{indent}{printable(name)}  a link, not followed" for name in linked)
    members = [name for name in group if name not in linked]
    for name in sorted(members, key=lambda name: (isinstance(group[name], h5py.Group), name)):
        item = group[name]
        name = printable(name)
        if isinstance(item, h5py.Dataset):
            yield f"{indent}{name:<{max(0, 22 - len(indent))}}{_dataset(item)}".rstrip()
        elif item in (*above, group):  # Two of them, and a tree would never end.
            yield f"{indent}{name}/  a group above, not shown again"
        else:
            yield f"{indent}{name}/"
            yield from (f"{indent}  {line}" for line in _attributes(item))
            yield from _members(item, indent + "  ", (*above, group))


def _dataset(dataset: h5py.Dataset) -> str:
    text = h5py.check_string_dtype(dataset.dtype)
    kind = "string" if text is not None else str(dataset.dtype)
    shape = " x ".join(f"{length:,}" for length in dataset.shape)
    stored = dataset.id.get_storage_size()
    packed = f", {dataset.compression}" if dataset.compression else ""
    return f"{shape:<19} {kind:<8} {format_size(stored):>9}{packed}  {_unit(dataset)}"


def _unit(dataset: h5py.Dataset) -> str:
    unit = next((entry.unit for entry in ENTRIES if entry.name == dataset.name), "")
    return f"[{unit}]" if unit else ""


def _attributes(group: h5py.Group) -> Iterator[str]:
    for name, value in group.attrs.items():
        entries = parse_object(value)
        if entries is not None:
            yield f"{printable(name)}:"
            for key, entry in entries.items():
                yield f"  {printable(key)}: {_short(entry)}"
        else:
            yield f"{printable(name)}: {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, list) and len(str(value)) > MAX_LENGTH:
        return f"{len(value):,} entries"
    text = printable(str(value))
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def format_size(count: int) -> str:
    """Return a number of bytes as text: "1.2 GB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
