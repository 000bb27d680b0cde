"""Explainers: the interface that the dashboard, the batch job and the exports use."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from common.errors import InputError
from common.files import is_folder
from common.progress import ProgressCallback, no_progress
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.store import Store, provenance
from workbench.store.photographs import Photographs

if TYPE_CHECKING:
    from workbench.attribution.compute.store_explainer import StoreExplainer

PartialCallback = Callable[[Attribution], None]
"""Receives intermediate results of a request while it is computed."""


class Explainer(Protocol):
    """Explains the locations of one store.

    Callbacks are called before every batch. What they raise leaves the explainer, which is how a
    caller cancels.
    """

    def resolve(self, location_id: str, request: AttributionRequest) -> AttributionRequest:
        """Return the request with its classes by name, the key under which results are cached.

        Raises InputError for an impossible request and KeyError for an unknown location.
        """
        ...

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        """Return the attribution of a location, without checks.

        `on_partial` receives the map as far as it is known. Raises as `resolve` does, and
        InputError where photographs are missing or have changed, or the model's output is not
        finite.
        """
        ...

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        """Return an attribution of this explainer with its checks; raises as `explain` does."""
        ...


class RequestResolver:
    """Resolves requests about the locations of a store; needs no model."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = {location: row for row, location in enumerate(store.location_ids)}

    def resolve(self, location_id: str, request: AttributionRequest) -> AttributionRequest:
        """Return the request with its classes by name (`Explainer.resolve`)."""
        names = self._store.class_names
        request = request.match_names(names, self._rows)
        request.validate(names)
        row = self._rows[location_id]
        if request.baseline_location and request.baseline_location not in self._rows:
            raise InputError(f"{request.baseline_location!r}: the store has no such location.")
        if request.baseline_location == location_id:
            raise InputError(f"{location_id}: is its own baseline; choose another location.")
        predicted = names[int(self._store.logits[row].argmax())]
        return request.resolve(predicted, names[self._store.labels[row]])


class UnavailableExplainer(RequestResolver):
    """The `Explainer` of a dashboard without a model, which only shows results from files."""

    def explain(self, *_: object, **__: object) -> NoReturn:
        """Raise InputError."""
        raise InputError(
            "The attribution files do not have this map, and without the model and its "
            "photographs it cannot be computed."
        )

    check = explain


def open_explainer(
    store: Store,
    photographs: Photographs | None,
    run: Path | None = None,
    device: str | None = None,
) -> "StoreExplainer":
    """Return the explainer of a store whose model and photographs are available.

    `run` is the model's run folder, by default the one that the store records; `device` is by
    default a GPU if there is one. Raises InputError where the run folder is missing or of another
    checkpoint, and where there are no photographs or torch cannot be imported.
    """
    run = provenance.folder(store, "run", run)
    if not is_folder(run):
        raise InputError(
            f"{str(run)[:200]}: there is no such run folder; say where it is with --run."
        )
    if photographs is None:
        raise InputError("Without photographs there is nothing to explain; give --data.")
    try:
        # Here, so that the dashboard also opens where torch is not installed.
        from workbench.attribution.compute.store_explainer import StoreExplainer
    except (ImportError, RuntimeError, OSError) as error:
        # The last two are what a torch and a torchvision that do not match raise.
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"torch cannot be imported ({reason}); install the workbench's requirements."
        ) from error
    return StoreExplainer(run, photographs, store, device)
