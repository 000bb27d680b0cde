"""`python -m workbench.attribution FILE.h5 --out FILE`: options, and how it ends."""

import argparse
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common import distributed
from common.cli import cli_errors
from common.errors import InputError
from common.files import resolve_link
from workbench import store as stores
from workbench.attribution.aggregation import bootstrap_interval
from workbench.attribution.attribution_file import AttributionFile
from workbench.attribution.compute.batch_job import BatchRequest, run_batch_job
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.request import (
    BASELINE_TITLES,
    METHOD_TITLES,
    OUTPUTS,
    AttributionRequest,
)
from workbench.attribution.verdict import LABELS, verdict
from workbench.store import HEADINGS, provenance
from workbench.store.photographs import Photographs

REQUEST_HELP = {
    "method": "one of " + ", ".join(METHOD_TITLES),
    "baseline": "what the photographs are compared with: " + ", ".join(BASELINE_TITLES),
    "baseline_location": "id of the location whose photographs are the baseline `location`",
    "output": "what is explained: " + ", ".join(OUTPUTS),
    "target": "class whose output is explained: `predicted`, `true` or a name",
    "contrast_target": "explain the difference from the output of this class: `predicted`, `true` "
    "or a name",
    "completeness_tolerance": "integration ends at this completeness error, as a fraction of the "
    "difference of outputs",
    "map_tolerance": "and at this estimated error of the map, as a fraction of the map (L1)",
    "max_evaluations": "gradient evaluations after which integration ends in any case",
    "n_samples": "draws of noise; expected_gradients use 8 times as many references",
    "noise_std": "standard deviation of SmoothGrad's noise, as a fraction of the pixel range",
    "window": "side of occlusion's window, as a fraction of a view's",
    "seed": "seed of all random draws",
}
"""Help of the options that are the fields of `AttributionRequest`."""


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.attribution",
        description="Explain many locations of a store and write the maps to a file "
        "(docs/attributions.md), which `app.py --attributions` opens. When it is interrupted, run "
        "the same command again to resume. torchrun --nproc-per-node N -m workbench.attribution "
        "... shares the work between N GPUs.",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store of the locations")
    result.add_argument("--out", metavar="FILE", type=Path, required=True, help="file to write")
    result.add_argument(
        "--where",
        metavar="CONDITION",
        default="",
        help="explain only locations that meet this condition (default: all), for example "
        "\"state == 'Ohio' and not correct\"; it may use id, state, predicted, correct, "
        "confidence, rank, latitude, longitude, split, year and probability('CLASS')",
    )
    result.add_argument(
        "--limit",
        metavar="INT",
        type=int,
        help="explain at most this many, evenly spread over them",
    )
    result.add_argument(
        "--checks",
        action="store_true",
        help="also check each map (docs/evidence.md), which takes several times as long",
    )
    group = result.add_argument_group("request")
    for name, value in asdict(AttributionRequest()).items():
        group.add_argument(
            f"--{name.replace('_', '-')}",
            metavar=type(value).__name__.upper().replace("STR", "WORD"),
            type=type(value),
            default=value,
            help=REQUEST_HELP[name] + (f" (default: {value})" if value != "" else ""),
        )
    result.add_argument(
        "--run",
        metavar="DIR",
        type=Path,
        help="run folder, if it has been moved since the extraction",
    )
    result.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="photographs, if they have been moved since the extraction",
    )
    result.add_argument("--overwrite", action="store_true", help="replace an existing file")
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.attribution") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with (
        cli_errors(command.prog, interrupted="run the same command again to resume"),
        distributed.process_group(),
    ):
        if options.limit is not None and options.limit < 1:
            raise InputError(f"--limit {options.limit}: choose at least 1.")
        if not options.out.name:
            raise InputError(f"--out {str(options.out)!r}: name a file.")
        store = stores.read(options.store)
        photographs = Photographs(provenance.folder(store, "data", options.data), store)
        explainer = StoreExplainer(provenance.folder(store, "run", options.run), photographs, store)
        job = BatchRequest(
            options.store,
            resolve_link(options.out),  # What a link leads to is replaced, not the link.
            AttributionRequest(**{name: getattr(options, name) for name in REQUEST_HELP}),
            options.where,
            options.limit,
            options.checks,
            options.overwrite,
        )
        made = run_batch_job(job, store, explainer)
        if distributed.current_processes().is_main:
            print(summary(made))
    return 0


def summary(file: AttributionFile) -> str:
    """Return what a file contains, as lines of text."""
    lines = [f"{len(file)} locations explained, {len(file.failures)} failed -> {file.path}"]
    converged, gradients = file.dataset("/converged"), file.dataset("/cost/gradients")
    integrals = int((converged >= 0).sum())
    if integrals:
        lines.append(f"converged: {int((converged > 0).sum())} of {integrals}")
    lines.append(
        f"gradient evaluations: {np.median(gradients):.0f} (median), {gradients.max()} at most"
    )
    shares = file.dataset("/view_share")
    means = zip(HEADINGS, shares.mean(axis=0), bootstrap_interval(shares), strict=True)
    texts = (f"{name} {mean:.0%} ({low:.0%} to {high:.0%})" for name, mean, (low, high) in means)
    lines.append(f"share of each view: {', '.join(texts)}")
    if file.checked:
        labels = Counter(verdict(one).label for one in tqdm(file, "Judging", len(file), delay=2))
        lines.append("verdicts: " + ", ".join(f"{labels[label]} {label}" for label in LABELS))
    lines += [f"  not explained: {name}: {reason}" for name, reason in file.failures]
    return "\n".join(lines)
