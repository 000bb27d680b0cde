"""`python -m workbench.store FILE.h5`: the contents of a store, and whether it is valid."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from common.cli import AS_EXTRACTED, cli_errors, parse
from common.errors import InputError
from common.text import print_text
from workbench.store.reading import open_store, read, store_errors
from workbench.store.tree import format_size, format_tree
from workbench.store.validation import deviations, nonfinite_datasets, unknown_datasets
from workbench.store.verification import verify
from workbench.store.writing import remove


@dataclass(frozen=True, kw_only=True)
class Options:
    """Print a store's contents and check them (docs/reference/store-format.md).

    The exit status is 2 if it deviates.
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store to show"""
    verify: bool = False
    """also read all features, hash the checkpoint and every photograph, and list what changed"""
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """run folder of the model"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """folder of the photographs"""
    remove: Annotated[str, arg(metavar="MAP", help_behavior_hint="(default: none)")] = ""
    """projection to remove from the store first"""


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.store") -> int:
    """Run the command and return its exit status: 2 for a store that cannot be used."""
    with cli_errors(prog):
        options = parse(Options, arguments, prog)
        if options.remove:
            remove(options.store, options.remove)
        if found := _show(options.store, read_features=options.verify):
            print_text(*(f"deviates: {deviation}" for deviation in found))
            raise InputError(
                f"{options.store}: deviates from docs/reference/store-format.md; extract it again."
            )
        unread = "" if options.verify else " (features were not read: --verify does)"
        print(f"meets the specification{unread}")
        if options.verify:
            results = list(verify(read(options.store), options.run, options.data))
            print_text(*(result.message for result in results))
            if not all(result.unchanged for result in results):
                raise InputError(
                    f"{options.store}: checkpoint or photographs have changed, see above; give "
                    "their folders with --run and --data, or extract the store again."
                )
    return 0


def _show(path: Path, *, read_features: bool) -> list[str]:
    """Print the tree of a store and return its deviations from the specification."""
    with open_store(path) as file:
        with store_errors(path):
            lines = [f"{path}  {format_size(path.stat().st_size)}"]
            lines += [f"  {line}" for line in format_tree(file)]
            for name in unknown_datasets(file):
                lines.append(f"note: {name} is not in the specification")
        print_text(*lines)
        with store_errors(path):
            found = list(deviations(file))
            return found or (list(nonfinite_datasets(file)) if read_features else [])


if __name__ == "__main__":
    sys.exit(main())
