"""`python -m workbench.attribution.ground_truth FILE.h5`: options, and how it ends."""

import argparse
from pathlib import Path

import numpy as np

from common.cli import cli_errors
from common.errors import InputError
from common.files import atomic_write
from workbench import store as stores
from workbench.attribution.ground_truth import report
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.ground_truth.plot import dot_plot
from workbench.attribution.ground_truth.study import method_configs, sample, study
from workbench.attribution.request import BASELINE_TITLES, METHOD_TITLES
from workbench.figures import paper
from workbench.store import provenance
from workbench.store.photographs import Photographs
from workbench.store.query import select

DEFAULT_METHODS = ("integrated_gradients", "grad_cam", "occlusion", "input_x_gradient")
DEFAULT_BASELINES = ("black", "mean", "blur")
"""These take minutes; the others average over many integrals and take hours."""


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.attribution.ground_truth",
        description="Explain locations of a store of painted states (trainer.synthetic) and "
        "compare the maps with the masks of what defines the state (docs/truth.md).",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store of painted states")
    result.add_argument(
        "--method",
        action="append",
        choices=tuple(METHOD_TITLES),
        help=f"method; may be repeated (default: {', '.join(DEFAULT_METHODS)})",
    )
    result.add_argument(
        "--baseline",
        action="append",
        choices=tuple(BASELINE_TITLES),
        help="baseline of methods that need one; may be repeated (default: "
        f"{', '.join(DEFAULT_BASELINES)})",
    )
    result.add_argument(
        "--where",
        metavar="CONDITION",
        default="",
        help="draw only from locations that meet this condition (docs/attributions.md), for "
        "example \"state == 'Ohio' and correct\" (default: all)",
    )
    result.add_argument(
        "--locations",
        metavar="INT",
        type=int,
        default=50,
        help="locations to draw at random, at least 2 (default: %(default)s)",
    )
    result.add_argument(
        "--seed",
        metavar="INT",
        type=int,
        default=0,
        help="seed of the sample, the noise and the intervals (default: %(default)s)",
    )
    result.add_argument(
        "--mask",
        metavar="DIR",
        type=Path,
        help="folder `mask` of the painted data set (default: beside the photographs' folder)",
    )
    result.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="photographs, if they have been moved since the extraction",
    )
    result.add_argument(
        "--run",
        metavar="DIR",
        type=Path,
        help="run folder, if it has been moved since the extraction",
    )
    result.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder for ground_truth.md, .csv, .pdf and .svg",
    )
    return result


def main(
    arguments: list[str] | None = None, prog: str = "python -m workbench.attribution.ground_truth"
) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with cli_errors(command.prog):
        _run(options)
    return 0


def _run(options: argparse.Namespace) -> None:
    store = stores.read(options.store)
    _check(options)
    if options.out is not None and not options.out.name:
        raise InputError(f"--out {str(options.out)!r}: choose a folder.")
    photographs = Photographs(provenance.folder(store, "data", options.data), store)
    masks = Masks(options.mask or photographs.root.parent / "mask", photographs)
    matches = select(store, options.where) if options.where else np.ones(len(store), dtype=bool)
    rows = sample(np.flatnonzero(matches), options.locations, options.seed)
    if len(rows) < 2:
        raise InputError(
            f"{options.store}: {len(rows)} locations meet the condition; at least two are needed."
        )
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    # Only now, because importing torch takes seconds.
    from workbench.attribution.compute.noise_maps import noise_control
    from workbench.attribution.compute.store_explainer import StoreExplainer

    explainer = StoreExplainer(provenance.folder(store, "run", options.run), photographs, store)
    noise = noise_control(explainer.model, store.class_names, explainer.size, options.seed)
    configs = method_configs(
        options.method or DEFAULT_METHODS, options.baseline or DEFAULT_BASELINES
    )
    results = study(store, rows, configs, explainer, masks, noise, options.seed)
    where = f" where {options.where}" if options.where else ""
    heading = (
        f"{len(rows)} locations of {options.store.name}{where}; explained: logit of the true "
        f"class; seed {options.seed}."
    )
    page = report.page(heading, results)
    print(page, end="")
    if options.out:
        for kind in paper.FORMATS:
            with atomic_write(options.out / f"ground_truth.{kind}") as partial:
                paper.save(dot_plot(results), partial)
        for kind, text in (("md", page), ("csv", report.csv(results))):
            with atomic_write(options.out / f"ground_truth.{kind}") as partial:
                partial.write_text(text, encoding="utf-8")


def _check(options: argparse.Namespace) -> None:
    """Raise InputError for invalid options, before the first map."""
    if options.locations < 2 or options.seed < 0:
        raise InputError("--locations must be at least 2 and --seed at least 0.")
    if options.out and options.out.exists() and not options.out.is_dir():
        raise InputError(f"{options.out}: this is a file; choose a folder.")
