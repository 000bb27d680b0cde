"""`python -m workbench.store FILE.h5`: what is inside a store, and what is wrong with it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from common.cli import AS_EXTRACTED, cli_errors, parse
from common.errors import InputError
from workbench.store.reading import complaining, opened, read
from workbench.store.tree import printable, size, tree
from workbench.store.validation import deviations, strangers, unfinite
from workbench.store.verification import verify
from workbench.store.writing import remove


@dataclass(frozen=True, kw_only=True)
class Options:
    """Print what a store holds as a tree, and check it against its specification (docs/store.md).

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
        wrong = _show(options.store, whole=options.verify)
        if wrong:
            print("\n".join(f"deviates: {printable(phrase)}" for phrase in wrong))
            raise InputError(f"{options.store}: deviates from docs/store.md; extract it again.")
        unread = "" if options.verify else " (features were not read: --verify does)"
        print(f"meets the specification{unread}")
        if options.verify:
            findings = list(verify(read(options.store), options.run, options.data))
            print("\n".join(finding.words for finding in findings))
            if not all(finding.same for finding in findings):
                raise InputError(
                    f"{options.store}: was not made from what is there now; see above, say where "
                    "things are with --run and --data, or extract it again."
                )
    return 0


def _show(path: Path, *, whole: bool) -> list[str]:
    """Print a store's tree and return what is wrong with it; `whole` looks at the features too."""
    with opened(path) as file, complaining(path):
        print(f"{path}  {size(path.stat().st_size)}")
        for line in tree(file):
            print(f"  {line}")
        for phrase in strangers(file):
            print(f"note: {printable(phrase)}")
        wrong = list(deviations(file))
        return wrong or (list(unfinite(file)) if whole else [])


if __name__ == "__main__":
    sys.exit(main())
