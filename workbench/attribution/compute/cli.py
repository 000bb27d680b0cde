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
from workbench.attribution.compute.batch_job import Request, explained
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

QUESTION = {
    "method": "one of " + ", ".join(METHOD_TITLES),
    "baseline": "what the photographs are compared with: " + ", ".join(BASELINE_TITLES),
    "baseline_location": "id of the location that is the baseline `location`",
    "output": "what is explained: " + ", ".join(OUTPUTS),
    "target": "whose output: `predicted`, `true` or a state",
    "contrast_target": "explain the difference from the output of this state, also `predicted` or "
    "`true`",
    "completeness_tolerance": "completeness error at which an integral ends, as a fraction of the "
    "difference of outputs",
    "map_tolerance": "estimated error of the map at which it ends, as a fraction of the map (L1)",
    "max_evaluations": "gradient evaluations after which it ends at the latest",
    "n_samples": "draws of noise; an eighth of the references of expected_gradients",
    "noise_std": "standard deviation of SmoothGrad's noise, as a fraction of the pixel range",
    "window": "side of what occlusion covers, as a fraction of a view's",
    "seed": "seed of all draws",
}
"""The fields of a question as options, and what each is."""


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.attribution",
        description="Explain many locations of a store and write the maps into a file "
        "(docs/attributions.md), which `app.py --attributions` shows at once. Killed or asked to "
        "end, the same command goes on where it was. torchrun --nproc-per-node N -m "
        "workbench.attribution.compute ... shares the work between N GPUs.",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store of the locations")
    result.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="file to write the maps into"
    )
    result.add_argument(
        "--where",
        metavar="CONDITION",
        default="",
        help="explain only locations for which this holds (default: all), for example "
        "\"state == 'Ohio' and not correct\"; it compares id, state, predicted, correct, "
        "confidence, rank, latitude, longitude, split, year and probability('STATE')",
    )
    result.add_argument(
        "--limit", metavar="INT", type=int, help="explain so many of them at most, evenly spread"
    )
    result.add_argument(
        "--evidence",
        action="store_true",
        help="also examine each map, which takes some times as long as the map",
    )
    group = result.add_argument_group("question")
    for name, value in asdict(AttributionRequest()).items():
        group.add_argument(
            f"--{name.replace('_', '-')}",
            metavar=type(value).__name__.upper().replace("STR", "WORD"),
            type=type(value),
            default=value,
            help=QUESTION[name] + (f" (default: {value})" if value != "" else ""),
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
    result.add_argument("--overwrite", action="store_true", help="replace the file that is there")
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
            raise InputError(f"--limit {options.limit}: name at least one.")
        if not options.out.name:
            raise InputError(f"--out {str(options.out)!r}: name a file for the explanations.")
        store = stores.read(options.store)
        photographs = Photographs(provenance.folder(store, "data", options.data), store)
        explainer = StoreExplainer(provenance.folder(store, "run", options.run), photographs, store)
        request = Request(
            options.store,
            resolve_link(options.out),  # What a link leads to is replaced, not the link.
            AttributionRequest(**{name: getattr(options, name) for name in QUESTION}),
            options.where,
            options.limit,
            options.evidence,
            options.overwrite,
        )
        made = explained(request, store, explainer)
        if distributed.current_processes().is_main:
            print(summary(made))
    return 0


def summary(made: AttributionFile) -> str:
    """Say in lines what is in a file of answers."""
    lines = [f"{len(made)} locations explained, {len(made.failures)} failed -> {made.path}"]
    converged = made.column("/converged")
    gradients = made.column("/cost/gradients")
    asked = int((converged >= 0).sum())
    if asked:
        lines.append(f"converged: {int((converged > 0).sum())} of {asked}")
    lines.append(
        f"gradient evaluations: {np.median(gradients):.0f} (median), {gradients.max()} at most"
    )
    share = made.column("/view_share")
    ends = zip(HEADINGS, share.mean(axis=0), bootstrap_interval(share), strict=True)
    words = (f"{name} {mean:.0%} ({low:.0%} to {high:.0%})" for name, mean, (low, high) in ends)
    lines.append(f"share of each heading: {', '.join(words)}")
    if made.asked["evidence"]:
        lines.append(_verdicts(made))
    lines += [f"  not explained: {name}: {why}" for name, why in made.failures]
    return "\n".join(lines)


def _verdicts(made: AttributionFile) -> str:
    """Say how many maps have each verdict (docs/evidence.md)."""
    found = Counter(verdict(one).label for one in tqdm(made, "Judging", len(made), delay=2))
    return "verdicts: " + ", ".join(f"{found[word]} {word}" for word in LABELS)
