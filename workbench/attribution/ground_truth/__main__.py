"""`python -m workbench.attribution.ground_truth FILE.h5`: options, and how it ends."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from tyro.conf import Positional, UseAppendAction, arg

from common.cli import AS_EXTRACTED, cli_errors, parse
from common.earlier_result import folder_is_finished, recorded
from common.errors import InputError
from common.resume_buffer import RESUME
from common.validation import NonNegativeInt
from workbench.attribution.request import (
    BASELINES,
    METHODS,
    AttributionRequest,
    Baseline,
    Method,
)

COMMAND = "ground-truth"
PLOT_FORMATS = ("pdf", "svg")
DEFAULT_METHODS = ("integrated_gradients", "grad_cam", "occlusion", "input_x_gradient")
DEFAULT_BASELINES = ("black", "mean", "blur")
"""These take minutes; the others average over many integrals and take hours."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Explain locations of a store of painted states and compare the maps with the masks.

    The states are those of `resnetbolt synthesize`; the masks show what defines each state
    (docs/background/ground-truth.md).
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store of painted states"""
    method: Annotated[
        UseAppendAction[tuple[Method, ...]],
        arg(help_behavior_hint=f"(repeatable, default: {', '.join(DEFAULT_METHODS)})"),
    ] = ()
    """attribution method"""
    baseline: Annotated[
        UseAppendAction[tuple[Baseline, ...]],
        arg(help_behavior_hint=f"(repeatable, default: {', '.join(DEFAULT_BASELINES)})"),
    ] = ()
    """baseline of methods that need one"""
    all: bool = False
    """every method with every baseline: hours without a GPU"""
    checks: bool = False
    """check every map, and count how often its verdict is right"""
    where: Annotated[
        str,
        arg(
            metavar="CONDITION",
            help="draw only from locations that meet this condition "
            "(docs/how-to/attribute-many.md), for example \"state == 'Ohio' and correct\"",
            help_behavior_hint="(default: all)",
        ),
    ] = ""
    locations: Annotated[int, Field(ge=2)] = 50
    """locations to draw at random, at least 2"""
    seed: NonNegativeInt = 0
    """seed of the sample, the noise and the intervals"""
    completeness_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = (
        AttributionRequest.completeness_tolerance
    )
    """integration ends at this completeness error, as a fraction of the difference of outputs"""
    map_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = AttributionRequest.map_tolerance
    """integration ends at this estimated error of the map; its cost falls as one over it"""
    n_samples: Annotated[int, Field(ge=1, le=64)] = AttributionRequest.n_samples
    """draws of noise; expected_gradients uses 8 times as many references"""
    mask: Annotated[
        Path | None, arg(metavar="DIR", help_behavior_hint="(default: beside the photographs)")
    ] = None
    """folder `mask` of the painted data set"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """folder of the photographs"""
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """run folder of the model"""
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: none)")] = None
    """folder for ground_truth.md, .csv, .pdf and .svg; the same command resumes there"""
    overwrite: bool = False
    """replace the results of another request in the folder"""


def main(
    arguments: list[str] | None = None, prog: str = "python -m workbench.attribution.ground_truth"
) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted=f"with --out, {RESUME}"):
        _run(parse(Options, arguments, prog))
    return 0


def _run(options: Options) -> None:
    # Importing them takes seconds; --help and a wrong option should not.
    import numpy as np

    from common.files import atomic_write
    from workbench import store as stores
    from workbench.attribution.explainer import open_explainer
    from workbench.attribution.ground_truth import report
    from workbench.attribution.ground_truth.kept_scores import KeptScores
    from workbench.attribution.ground_truth.masks import Masks, mask_folder
    from workbench.attribution.ground_truth.plot import dot_plot
    from workbench.attribution.ground_truth.ranking import ranking
    from workbench.attribution.ground_truth.scores import METRICS, REMOVALS
    from workbench.attribution.ground_truth.study import (
        method_configs,
        nats_map,
        position_controls,
        sample,
        study,
        summarize,
    )
    from workbench.attribution.serialization import ALGORITHM
    from workbench.figures.print.style import save
    from workbench.store import provenance
    from workbench.store.fingerprint import content_sha256
    from workbench.store.query import select

    store = stores.read(options.store)
    if options.out and options.out.exists() and not options.out.is_dir():
        raise InputError(f"{options.out}: this is a file; choose a folder.")
    if options.out and not options.out.name:
        raise InputError(f"--out {str(options.out)!r}: choose a folder.")
    photographs = provenance.photographs(store, options.data)
    mask = options.mask or mask_folder(photographs)
    masks = Masks(mask, photographs)
    matches = select(store, options.where) if options.where else np.ones(len(store), dtype=bool)
    rows = sample(np.flatnonzero(matches), options.locations, options.seed)
    if len(rows) < 2:
        raise InputError(
            f"{options.store}: {len(rows)} locations meet the condition; at least two are needed."
        )
    run = provenance.folder(store, "run", options.run)
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
        "run": str(run.resolve()),
    }
    files = [f"ground_truth.{kind}" for kind in (*PLOT_FORMATS, "md", "csv")]
    if options.out and folder_is_finished(
        options.out, COMMAND, request, files, overwrite=options.overwrite
    ):
        print((options.out / "ground_truth.md").read_text("utf-8"), end="")
        return
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    # Only now, because importing torch takes seconds.
    from workbench.attribution.compute.control_maps import model_controls
    from workbench.attribution.compute.element_removal import element_removal

    explainer = open_explainer(store, photographs, run)
    configs = method_configs(methods, baselines)
    controls = {
        **position_controls(store, masks, explainer.size, options.seed),
        **model_controls(explainer, store, options.seed),
        **nats_map(store, masks, explainer.size),
    }
    out = options.out and options.out / "ground_truth.csv"
    kept = KeptScores(out, request, [*configs, *controls], overwrite=options.overwrite)
    with kept:
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
            removal=element_removal(explainer, store),
            known=kept.known,
            on_scores=kept.put,
        )
    results = summarize(scores, masks.elements, options.seed)
    where = f" where {options.where}" if options.where else ""
    heading = (
        f"{len(rows)} locations of {options.store.name}{where}; explained: logit of the true "
        f"class; seed {options.seed}."
    )
    page = report.page(heading, results, ranking(scores, configs, options.seed), scores)
    print(page, end="")
    if options.out:
        with recorded(options.out, COMMAND, request, files):
            for kind in PLOT_FORMATS:
                with atomic_write(options.out / f"ground_truth.{kind}") as partial:
                    save(dot_plot(results), partial)
            for kind, text in (("md", page), ("csv", report.csv(results))):
                with atomic_write(options.out / f"ground_truth.{kind}") as partial:
                    partial.write_text(text, encoding="utf-8")
        kept.remove()


if __name__ == "__main__":
    sys.exit(main())
