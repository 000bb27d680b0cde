"""`python -m workbench.store FILE.h5`: what is inside a store, and what is wrong with it."""

import argparse
import sys
from pathlib import Path

from common.cli import cli_errors
from common.errors import InputError
from workbench.store.reading import complaining, opened, read
from workbench.store.tree import printable, size, tree
from workbench.store.validation import deviations, strangers, unfinite
from workbench.store.verification import verify
from workbench.store.writing import remove


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.store",
        description="Print what is inside a store as a tree, and hold it against the specification "
        "(docs/store.md). Status 2 if it deviates.",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store to look into")
    result.add_argument(
        "--verify",
        action="store_true",
        help="also read all features, hash the checkpoint and every photograph, and say which are "
        "not those that the store was made from; status 2 if any",
    )
    result.add_argument(
        "--run", metavar="DIR", type=Path, help="where the run is now (default: where it was)"
    )
    result.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="where the photographs are now (default: where they were)",
    )
    result.add_argument("--remove", metavar="MAP", help="take a map out of the store first")
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.store") -> int:
    """Run the command and return its exit status: 2 for a store that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with cli_errors(command.prog):
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
