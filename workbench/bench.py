"""The workbench in Python: a store, its metrics and its explanations, for notebooks and scripts.

Importing this costs nothing: each library is imported by the method that needs it.
"""

import io
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from common.errors import InputError
from common.names import match_name

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from embeddings.results import Projection
    from workbench.attribution.compute.store_explainer import StoreExplainer
    from workbench.attribution.request import Baseline, Method, Output
    from workbench.attribution.result import Attribution
    from workbench.attribution.verdict import Verdict
    from workbench.evaluation.roc_curves import Roc
    from workbench.store import Store
    from workbench.store.photographs import Photographs

_SHOWN_IDS = 3
_PNG_DPI = 150


class RequestOptions(TypedDict, total=False):
    """Further options of `Bench.explain`: fields of `AttributionRequest`, with its defaults."""

    baseline: "Baseline"
    baseline_location: str
    output: "Output"
    contrast_target: str
    completeness_tolerance: float
    map_tolerance: float
    max_evaluations: int
    n_samples: int
    noise_std: float
    window: float
    seed: int


@contextmanager
def _python_errors() -> Iterator[None]:
    """Let messages name `run=` and `data=` in place of the commands' options."""
    try:
        yield
    except InputError as error:
        raise InputError(re.sub(r"--(run|data)\b", r"\1=", str(error))) from error


class Bench:
    """A store, and the model and the photographs behind it.

    Row i of every array is the location `location_ids[i]`. The model is loaded by the first
    `explain`; everything else needs neither torch nor the run folder nor the photographs.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        run: str | Path | None = None,
        data: str | Path | None = None,
        device: str | None = None,
    ) -> None:
        """Open a store; `workbench.open` is the same."""
        from workbench import store

        self.path = Path(path)
        self.store: Store = store.read(self.path)
        self._run = None if run is None else Path(run)
        self._data = None if data is None else Path(data)
        self._device = device

    def __repr__(self) -> str:
        store = self.store
        return (
            f"Bench({str(self.path)!r}): {len(store):,} locations, {len(store.class_names)} "
            f"classes, {store.features.shape[1]:,} features, "
            f"projections: {', '.join(store.projections) or 'none'}"
        )

    def __len__(self) -> int:
        """Return N, the number of locations."""
        return len(self.store)

    @property
    def location_ids(self) -> tuple[str, ...]:
        """Ids of the N locations."""
        return self.store.location_ids

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the S classes."""
        return self.store.class_names

    @property
    def labels(self) -> "NDArray[np.int64]":
        """True classes, (N,), as indices of `class_names`."""
        return self.store.labels

    @property
    def logits(self) -> "NDArray[np.float32]":
        """Logits of the model, (N, S)."""
        return self.store.logits

    @cached_property
    def features(self) -> "NDArray[np.float32]":
        """Features of the last layer before the classifier, (N, D), read at once."""
        values: NDArray[np.float32] = self.store.features[:]
        return values

    @property
    def projections(self) -> "Mapping[str, Projection]":
        """Projections by name; their `coordinates` are (N, 2)."""
        return self.store.projections

    def to_frame(
        self, *, logits: bool = False, neighbors: bool = False, features: bool = False
    ) -> "pd.DataFrame":
        """Return a row for each location, indexed by `id` (columns: docs/how-to/interchange.md).

        The options add a column for each logit, the neighbours' ids and distances, and a column for
        each feature. Raises InputError for neighbours that the store does not have.
        """
        from workbench.interchange.frame import to_frame

        return to_frame(self.store, logits=logits, neighbors=neighbors, features=features)

    def metrics(self) -> "pd.Series[float]":
        """Return accuracies and the area under the ROC curves, all in [0, 1].

        Top-1, top-5, the mean area over the classes, and the accuracy of a vote of the k nearest
        neighbours for each k that the store has.
        """
        import pandas as pd

        from workbench.evaluation import metrics

        accuracy = metrics.accuracy(self.labels, self.logits)
        values = {
            "top_1_accuracy": accuracy.top_1,
            "top_5_accuracy": accuracy.top_5,
            "macro_roc_auc": self.roc().macro_auc,
        }
        knn = {f"knn_accuracy_{k}": value for k, value in self.store.knn_accuracy.items()}
        return pd.Series(values | knn, name=self.path.name, dtype=float)

    def roc(self) -> "Roc":
        """Return the ROC curve of each class against all others."""
        from workbench.evaluation import metrics, roc_curves

        return roc_curves.roc(self.labels, metrics.probabilities(self.logits), self.class_names)

    def confusion_matrix(self) -> "pd.DataFrame":
        """Return how many locations of each true class (rows) are predicted as each (columns)."""
        import pandas as pd

        from workbench.evaluation import metrics

        counts = metrics.confusion(self.labels, self.logits.argmax(axis=1), self.class_names).counts
        true, predicted = (pd.Index(self.class_names, name=axis) for axis in ("true", "predicted"))
        return pd.DataFrame(counts, index=true, columns=predicted)

    @_python_errors()
    def views(self, location_id: str) -> "NDArray[np.uint8]":
        """Return the photographs of a location at the size that the model sees, (4, 3, H, W).

        RGB, views N, E, S, W. Raises InputError for an unknown location and for photographs that
        are missing, and where the model's run folder is.
        """
        from trainer.data import decode

        paths = self._photographs.paths(self._known(location_id))
        views: NDArray[np.uint8] = decode.read_views(paths, self._explainer.size).numpy()
        return views

    @_python_errors()
    def explain(
        self,
        location_id: str,
        method: "Method" = "integrated_gradients",
        *,
        target: str = "predicted",
        checks: bool = False,
        progress: bool = True,
        **options: Unpack[RequestOptions],
    ) -> "Explanation":
        """Explain the model's output at one location.

        `method` is "integrated_gradients", "smoothgrad", "expected_gradients", "grad_cam",
        "occlusion" or "input_x_gradient"; `target` is "predicted", "true" or a class. `checks` adds
        the checks of faithfulness and sanity, which take several times as long as the map.
        `progress` shows a bar. Further options are those of
        `workbench.attribution.request.AttributionRequest`: baseline, output, contrast_target and
        the rest.

        Raises InputError for an unknown location, target, method or option's value, and where the
        run folder or the photographs are missing or are not those of the store.
        """
        from common.progress import fraction_bar, no_progress, subrange
        from workbench.attribution.request import AttributionRequest

        request = AttributionRequest(method, target=target, **options)
        request = request.match_names(self.class_names, self._ids)
        request.validate(self.class_names)
        location_id = self._known(location_id)
        views = self.views(location_id)
        with fraction_bar(location_id) if progress else nullcontext(no_progress) as report:
            end = 0.3 if checks else 1.0
            attribution = self._explainer.explain(location_id, request, subrange(report, 0, end))
            if checks:
                attribution = self._explainer.check(attribution, subrange(report, end, 1))
        return Explanation(attribution, views)

    @cached_property
    def _photographs(self) -> "Photographs":
        from workbench.store import provenance

        return provenance.photographs(self.store, self._data)

    @cached_property
    def _explainer(self) -> "StoreExplainer":
        from workbench.attribution.explainer import open_explainer

        return open_explainer(self.store, self._photographs, self._run, self._device)

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(self.location_ids)

    def _known(self, location_id: str) -> str:
        """Return the id; raises InputError with the ids nearest to it if there is none."""
        if not isinstance(location_id, str):
            raise InputError(f"{location_id!r}: name a location by its id, see `location_ids`.")
        location_id = match_name(location_id, self._ids)
        if location_id in self._ids:
            return location_id
        from difflib import get_close_matches

        inside = (known for known in self.location_ids if location_id and location_id in known)
        near = [known for known, _ in zip(inside, range(_SHOWN_IDS), strict=False)]
        near = near or get_close_matches(location_id, self.location_ids, _SHOWN_IDS)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see `location_ids`."
        raise InputError(f"{location_id!r}: no such location in {self.path.name}; {hint}")


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """An attribution with the photographs that it is about; a notebook shows it as a figure.

    `attribution` has everything that is known of the map; `views` (4, 3, H, W) uint8 are the
    photographs as the model saw them, RGB, N, E, S, W.
    """

    attribution: "Attribution"
    views: "NDArray[np.uint8]"

    @property
    def values(self) -> "NDArray[np.float32]":
        """The map, (4, H, W), signed, in units of the output."""
        return self.attribution.values

    @cached_property
    def verdict(self) -> "Verdict":
        """How far to trust the map, and why."""
        from workbench.attribution.verdict import verdict

        return verdict(self.attribution)

    def verdict_table(self) -> "pd.DataFrame":
        """Return the tests behind the verdict: value, threshold, passed, meaning and source."""
        import pandas as pd

        from workbench.attribution.verdict import COLUMNS

        return pd.DataFrame(self.verdict.rows(), columns=list(COLUMNS)).set_index(COLUMNS[0])

    def methods_paragraph(self) -> str:
        """Return method, baseline, convergence, checks and versions in sentences, for a paper."""
        from workbench.attribution.methods_text import methods_paragraph

        return methods_paragraph(self.attribution)

    def figure(self) -> "Figure":
        """Draw views, map, checks and verdict for print, 174 mm wide."""
        from workbench.figures.print.attribution import figure

        return figure(self.attribution, self.views)

    def to_xarray(self) -> "xr.Dataset":
        """Return the map and the photographs with named axes, and the request as attributes.

        Needs xarray, which the workbench does not install.
        """
        import xarray as xr

        attribution = self.attribution
        numbers = {
            "location_id": attribution.location_id,
            "output_value": attribution.output,
            "probability": attribution.probability,
            "verdict": self.verdict.label,
        }
        return xr.Dataset(
            {
                "attribution": (("view", "y", "x"), attribution.values),
                "photograph": (("view", "channel", "y", "x"), self.views),
            },
            coords={"view": list("NESW"), "channel": list("RGB")},
            attrs=asdict(attribution.request) | numbers,
        )

    def __repr__(self) -> str:
        request, verdict = self.attribution.request, self.verdict
        lines = [
            f"{self.attribution.location_id}: {request.target_label}, {request.description}",
            verdict.label,
        ]
        for reason in verdict.reasons:
            mark = "+ " if reason.passed else "− "
            lines += textwrap.wrap(mark + reason.text, 96, subsequent_indent="  ")
        return "\n".join(lines)

    def _repr_png_(self) -> bytes:
        from workbench.figures.print.style import style

        buffer = io.BytesIO()
        figure = self.figure()
        with style():
            figure.savefig(buffer, format="png", dpi=_PNG_DPI)
        return buffer.getvalue()
