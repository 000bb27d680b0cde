"""`python -m workbench.project FILE.h5`: fit projections of the features and store them."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from common.cli import cli_errors, parse
from workbench.projections.options import FitOptions

if TYPE_CHECKING:
    from embeddings.results import Projection


@dataclass(frozen=True, kw_only=True)
class CommandOptions(FitOptions):
    """Compute projections of the features in a store and measure their quality.

    PCA, t-SNE and UMAP share one graph of nearest neighbours. Everything is written into the same
    file (docs/background/projections.md); stopped, the command leaves the store as it was.
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store to read and extend"""


def summary(projection: "Projection") -> str:
    """Return a projection and its quality in one line, or two for an aligned one."""
    quality = projection.quality
    if quality is None:
        return f"{projection.name}: {projection.library}"
    parameters = projection.parameters
    figures = {
        "trustworthiness": f"{quality.trustworthiness:.3f}",
        "continuity": f"{quality.continuity:.3f}",
        "preservation": f"{quality.preservation.mean():.0%}",
        "agreement": f"{quality.agreement:.1%} ({quality.feature_agreement:.1%} in the features)",
    }
    if quality.stability is not None:
        figures["stability"] = f"{quality.stability:.0%}"
    alignment = (
        f"\n  aligned by {parameters['alignment_locations']:,} common locations, disparity "
        f"{parameters['alignment_disparity']:.2f} (0 identical, 1 unrelated)"
        if "alignment" in parameters
        else ""
    )
    from embeddings.results import QUALITY_TITLES

    listed = ", ".join(f"{QUALITY_TITLES[name]} {text}" for name, text in figures.items())
    return f"{projection.name}: {listed}{alignment}"


def reduction_note(projection: "Projection", options: FitOptions) -> str:
    """Return a note if a parameter was reduced for want of locations, else nothing."""
    if projection.name != options.projection_name(projection.method):
        return ""  # A projection of an earlier run.
    requested = {
        "tsne": ("perplexity", options.perplexity),
        "umap": ("n_neighbors", options.n_neighbors),
    }
    name, value = requested.get(projection.method, ("", 0))
    actual = projection.parameters.get(name, value)
    return f"  too few locations for {name} {value:g}: used {actual:.3g}" if actual < value else ""


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.project") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        options = parse(CommandOptions, arguments, prog)
        # Importing them takes seconds; --help and a wrong option should not.
        from workbench import store as stores
        from workbench.projections.fit import fit_projections

        for projection in fit_projections(options.store, options):
            print(summary(projection))
            if note := reduction_note(projection, options):
                print(note)
        store = stores.read(options.store)
        metric = store.neighbors.metric if store.neighbors else options.metric
        print(f"accuracy (top-1) of k-nearest-neighbour classification ({metric}):")
        for count, accuracy in store.knn_accuracy.items():
            print(f"  k = {count}: {accuracy:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
