"""`python -m workbench.projections.transform NEW.h5 --into OLD.h5`: new points, old projections."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from tyro.conf import Positional, UseAppendAction, arg

from common.cli import cli_errors, parse
from common.text import print_text


@dataclass(frozen=True, kw_only=True)
class Options:
    """Place the locations of NEW.h5 into the projections of OLD.h5, whose locations stay in place.

    NEW.h5 holds another split, or comes from another checkpoint of the same model. It receives the
    projections as <name>-placed. The command also reports how well the nearest locations of OLD.h5
    predict the classes of the new ones.
    """

    store: Annotated[Positional[Path], arg(metavar="NEW.h5")]
    """store to read and extend"""
    into: Annotated[Path, arg(metavar="OLD.h5")]
    """store with projections, only read"""
    map: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME")] = ()
    """projection to place into (default: all)"""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """random seed"""


def main(
    arguments: list[str] | None = None, prog: str = "python -m workbench.projections.transform"
) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        options = parse(Options, arguments, prog)
        # Importing them takes seconds; --help and a wrong option should not.
        from workbench import store as stores
        from workbench.projections.out_of_sample import transform_store

        accuracies = transform_store(options.store, options.into, options.map, options.seed)
        for count, accuracy in accuracies.items():
            print_text(f"prediction by {count} nearest of {options.into}: top-1 {accuracy:.1%}")
        store = stores.read(options.store)
        head = float((store.logits.argmax(axis=1) == store.labels).mean())
        print(f"prediction by the head: top-1 {head:.1%}")
        reference = stores.read(options.into).provenance.get("checkpoint_sha256")
        if store.provenance.get("checkpoint_sha256") != reference:
            print(
                "note: the stores are of different checkpoints; their positions in one projection "
                "are comparable only if one checkpoint was trained on from the other"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
