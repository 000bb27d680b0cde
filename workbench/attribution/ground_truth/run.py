"""Compares methods with the masks of a store's painted locations, prints and writes the tables."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from common.earlier_result import folder_is_finished, recorded
from common.errors import InputError
from common.files import atomic_write, atomic_write_text, file_lock
from common.resume_buffer import ResumeBuffer
from workbench import store as stores
from workbench.attribution.explainer import open_explainer
from workbench.attribution.ground_truth import report
from workbench.attribution.ground_truth.masks import Masks, mask_folder
from workbench.attribution.ground_truth.options import (
    DEFAULT_BASELINES,
    DEFAULT_METHODS,
    Options,
)
from workbench.attribution.ground_truth.plot import dot_plot
from workbench.attribution.ground_truth.ranking import ranking
from workbench.attribution.ground_truth.score_buffer import score_buffer
from workbench.attribution.ground_truth.scores import METRICS, REMOVALS
from workbench.attribution.ground_truth.study import (
    ControlMap,
    MethodConfig,
    Removal,
    method_configs,
    nats_map,
    position_controls,
    sample,
    study,
    summarize,
)
from workbench.attribution.request import BASELINES, METHODS, AttributionRequest
from workbench.attribution.serialization import ALGORITHM
from workbench.figures.print.style import save
from workbench.store import Store, provenance
from workbench.store.fingerprint import content_sha256
from workbench.store.query import select

if TYPE_CHECKING:
    from workbench.attribution.compute.store_explainer import StoreExplainer

COMMAND = "ground-truth"
CSV = "ground_truth.csv"
PAGE = "ground_truth.md"
PLOTS = ("ground_truth.pdf", "ground_truth.svg")


def run(options: Options) -> None:
    """Print the tables, and write them if there is a folder for them.

    Raises InputError for input that cannot be used, and where another process writes the results.
    """
    out = options.out
    if out and out.exists() and not out.is_dir():
        raise InputError(f"{out}: this is a file; choose a folder.")
    if out and not out.name:
        raise InputError(f"--out {str(out)!r}: choose a folder.")
    store = stores.read(options.store)
    photographs = provenance.photographs(store, options.data)
    mask = options.mask or mask_folder(photographs)
    masks = Masks(mask, photographs)
    rows = _sample(options, store)
    run_folder = provenance.folder(store, "run", options.run)
    methods = options.method or (METHODS if options.all else DEFAULT_METHODS)
    baselines = options.baseline or (BASELINES if options.all else DEFAULT_BASELINES)
    details = AttributionRequest(
        completeness_tolerance=options.completeness_tolerance,
        map_tolerance=options.map_tolerance,
        n_samples=options.n_samples,
        seed=options.seed,
    )
    request = {
        "store": content_sha256(store),
        "method": methods,
        "baseline": baselines,
        "where": options.where,
        "locations": options.locations,
        "checks": options.checks,
        "algorithm": ALGORITHM,
        "metrics": (*METRICS, *REMOVALS),
        "seed": options.seed,
        "completeness_tolerance": details.completeness_tolerance,
        "map_tolerance": details.map_tolerance,
        "n_samples": details.n_samples,
        "mask": str(mask.resolve()),
        "data": str(photographs.root),
        "run": str(run_folder.resolve()),
    }
    files = [*PLOTS, PAGE, CSV]
    configs = method_configs(methods, baselines)
    if out:
        out.mkdir(parents=True, exist_ok=True)
    busy = f"{out}: another process is writing into this folder; wait or choose another folder."
    with file_lock(out / CSV, message=busy) if out else nullcontext():
        if out and folder_is_finished(out, COMMAND, request, files, overwrite=options.overwrite):
            print((out / PAGE).read_text("utf-8"), end="")
            ResumeBuffer(out / CSV, request).remove_finished()
            return
        explainer = open_explainer(store, photographs, run_folder)
        controls, removal = _references(explainer, store, masks, options.seed)
        everything = [*configs, *controls]
        with score_buffer(
            out and out / CSV, request, everything, overwrite=options.overwrite
        ) as buffer:
            scores = study(
                store,
                rows,
                configs,
                explainer,
                masks,
                controls,
                explainer.size,
                details,
                checks=options.checks,
                removal=removal,
                known=buffer.known,
                on_scores=buffer.put,
            )
            results = summarize(scores, masks.elements, options.seed)
            where = f" where {options.where}" if options.where else ""
            heading = (
                f"{len(rows)} locations of {options.store.name}{where}; explained: logit of the "
                f"true class; seed {options.seed}."
            )
            page = report.page(heading, results, ranking(scores, configs, options.seed), scores)
            print(page, end="")
            if out:
                with recorded(out, COMMAND, request, files):
                    for name in PLOTS:
                        with atomic_write(out / name) as partial:
                            save(dot_plot(results), partial)
                    atomic_write_text(out / PAGE, page)
                    atomic_write_text(out / CSV, report.csv(results))


def _sample(options: Options, store: Store) -> list[int]:
    matches = select(store, options.where) if options.where else np.ones(len(store), dtype=bool)
    rows = sample(np.flatnonzero(matches), options.locations, options.seed)
    if len(rows) < 2:
        raise InputError(
            f"{options.store}: {len(rows)} locations meet the condition; at least two are needed."
        )
    return rows


def _references(
    explainer: "StoreExplainer", store: Store, masks: Masks, seed: int
) -> tuple[dict[MethodConfig, ControlMap], Removal]:
    """Return the maps beside those of the methods, and the measure of what the model uses."""
    # Only now, because importing torch takes seconds.
    from workbench.attribution.compute.control_maps import model_controls
    from workbench.attribution.compute.element_removal import element_removal

    controls = {
        **position_controls(store, masks, explainer.size, seed),
        **model_controls(explainer, store, seed),
        **nats_map(store, masks, explainer.size),
    }
    return controls, element_removal(explainer, store)
