"""The options of a fit; imports nothing heavy, so that `--help` answers at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field
from tyro.conf import UseAppendAction, arg

from embeddings.metric import Metric

Method = Literal["pca", "tsne", "umap"]
METHODS: tuple[Method, ...] = get_args(Method)
MAX_STABILITY_SEEDS = 100


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """Which projections to compute, and their parameters."""

    method: UseAppendAction[tuple[Method, ...]] = ()
    """projection to compute (default: all)"""
    name: Annotated[str, arg(metavar="WORD", help_behavior_hint="(default: replaces <method>)")] = (
        ""
    )
    """store the projections beside others, as <method>-WORD"""
    perplexity: Annotated[float, Field(ge=1, le=1000)] = 30.0
    """effective number of neighbours of t-SNE, which looks at three times as many"""
    n_neighbors: Annotated[int, Field(ge=2, le=1000)] = 15
    """neighbours of UMAP, the location itself included"""
    min_dist: Annotated[float, Field(ge=0, le=1)] = 0.1
    """how close together UMAP may place two locations, 0 to 1"""
    metric: Metric = "euclidean"
    """distance between two locations in the principal components"""
    seed: Annotated[int, Field(ge=0, lt=2**32 - MAX_STABILITY_SEEDS)] = 0
    """random seed of the projections and of the sample that measures their quality"""
    stability_seeds: Annotated[int, Field(ge=0, le=MAX_STABILITY_SEEDS)] = 2
    """further seeds over which the stability of t-SNE and UMAP is measured; 0 omits it"""
    align_to: Annotated[
        Path | None, arg(metavar="OTHER.h5", help_behavior_hint="(default: none)")
    ] = None
    """store whose projections of the same name these are aligned to, by common locations"""

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods to compute, each once."""
        return tuple(dict.fromkeys(self.method)) or METHODS

    def projection_name(self, method: str) -> str:
        """Return the name of a method's projection in the store."""
        return f"{method}-{self.name}" if self.name else method
