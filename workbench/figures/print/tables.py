"""Tables for print: accuracy, classes, hyper-parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.errors import InputError
from workbench.attribution.request import BASELINE_TITLES, METHOD_TITLES
from workbench.evaluation.class_table import ClassSummary
from workbench.evaluation.comparison import Comparison
from workbench.evaluation.intervals import Interval, interval_text
from workbench.evaluation.mistakes import PredictionFrequency, StateMistakes
from workbench.evaluation.report import SIGNIFICANT, frequency_lines
from workbench.figures.print.base import PrintTable, interval

# Model, top-1, top-5 in percent, source.
PUBLISHED: tuple[tuple[str, float | None, float | None, str], ...] = (
    ("DeepGeo, single image", 25.92, 58.25, "Suresh et al. 2018, Table 1"),
    ("DeepGeo, early (12 channels)", 24.83, 55.32, "Suresh et al. 2018, Table 1"),
    ("DeepGeo, medium", 38.32, 71.87, "Suresh et al. 2018, Table 1"),
    ("DeepGeo, late", 28.47, 61.30, "Suresh et al. 2018, Table 1"),
    ("ResNetBolt, medium", 48.28, 82.30, "Arularasu et al. 2025, section 5.1"),
    ("GeoStateNet, single image", 60.82, None, "GeoStateNet, README (self-reported)"),
    ("GeoStateNet, four views", 76.66, None, "GeoStateNet, README (self-reported)"),
)
"""Published accuracies on 50States2K."""
_HYPERPARAMETERS = {
    "fusion": "fusion",
    "depth": "layers of the ResNet",
    "weights": "pretrained weights",
    "initialization": "initialisation",
    "image_size": "image size, pixels",
    "optimizer": "optimiser",
    "learning_rate": "learning rate",
    "schedule": "schedule",
    "warmup_epochs": "warm-up, epochs",
    "trunk_lr_scale": "learning rate of the trunk, relative",
    "betas": "betas",
    "eps": "epsilon",
    "weight_decay": "weight decay",
    "epochs": "num epochs",
    "batch_size": "batch size",
    "label_smoothing": "label smoothing",
    "neighbor_smoothing": "neighbour smoothing",
    "ema_decay": "decay of averaged weights",
    "augmentation": "augmentation",
    "batch_norm": "batch normalisation",
    "precision": "precision",
    "validation_fraction": "validation fraction",
    "num_workers": "num workers",
    "seed": "seed",
}
_SHARES = ("chance", "value", "value_low", "value_high", "ratio", "ratio_low", "ratio_high")
_METRICS = {
    "height-matched": ("Height-matched, ×", "ratio", ".2f", 1),
    "graded": ("Graded, ρ", "value", ".2f", 1),
    "removed by mean colour": ("Used, colour, ρ", "value", ".2f", 1),
    "removed by inpainting": ("Used, inpainted, ρ", "value", ".2f", 1),
    "mass accuracy": ("Mass accuracy, %", "value", ".1f", 100),
    "pointing game": ("Pointing game, %", "value", ".1f", 100),
    "rank accuracy": ("Rank accuracy, %", "value", ".1f", 100),
}
"""Metrics of ground truth, those that tell most first: title, number, its format and factor."""
_METRIC_WORDS = {
    "height-matched": "Height-matched: density of |map| on what defines the state over that on the "
    "rest of the same rows of the image; 1 is chance.",
    "graded": "Graded: rank correlation of the elements' shares of |map| with what they tell.",
    "removed by mean colour": "Used: rank correlation of the map's sum on each element with the "
    "fall of the output when the element is removed, by the mean colour or by inpainting.",
    "mass accuracy": "Mass accuracy: share of |map| on what defines the state.",
    "pointing game": "Pointing game: whether the greatest |map| is there.",
}
_REFERENCE_TITLES = {"nats": "what defines the state"}
_MOST_METRICS = 4  # As wide as a page.
_ALWAYS = (
    "fusion", "depth", "image_size", "optimizer", "learning_rate", "betas", "eps", "weight_decay",
    "epochs", "batch_size", "num_workers",
)  # fmt: skip
"""Shown also where they have their defaults: these and the paper's."""


def hyperparameters_table(
    name: str, configs: Mapping[str, Mapping[str, Any]], defaults: Mapping[str, Any]
) -> PrintTable:
    """Return the configurations of models, by their names, side by side.

    Rows that all models leave at their `defaults` are left out, but for those of the paper's table.
    """
    complete = {
        model: {**defaults, **config, "betas": (config.get("beta1"), config.get("beta2"))}
        for model, config in configs.items()
    }
    keys = [
        key
        for key in _HYPERPARAMETERS
        if key in _ALWAYS or any(one[key] != defaults.get(key) for one in complete.values())
    ]
    numbers = pd.DataFrame({"hyperparameter": keys})
    cells = pd.DataFrame({"Hyper-parameter": [_HYPERPARAMETERS[key] for key in keys]})
    several = len(complete) > 1
    for model, config in complete.items():
        numbers[model] = [str(config[key]) for key in keys]
        cells[model if several else "Value"] = [_setting(config[key]) for key in keys]
    caption = "Hyper-parameters of the training, from the configuration in each checkpoint."
    return PrintTable(name, caption, numbers, cells)


def accuracy_table(
    name: str, models: Mapping[str, tuple[int, Interval, Interval]], where: str = ""
) -> PrintTable:
    """Return top-1 and top-5 accuracy of models by name, and published ones.

    Each model comes with its number of locations.
    """
    rows: list[list[object]] = []
    cells: list[list[str]] = []
    for model, (n, *top) in models.items():
        ends = [value for one in top for value in (one.value, one.low, one.high)]
        rows.append([model, n, *ends, "this work"])
        shown = [interval(one) for one in top]
        cells.append([model, f"{n:,}", *shown, ""])
    cells.append(["Published, on 50States2K (25,000 locations)", "", "", "", ""])
    for model, first, fifth, source in PUBLISHED:
        shares = [np.nan if one is None else one / 100 for one in (first, fifth)]
        rows.append([model, None, shares[0], None, None, shares[1], None, None, source])
        texts = ["–" if one is None else f"{one:.2f}" for one in (first, fifth)]
        cells.append([model, "", *texts, source])
    columns = ["model", "locations"]
    columns += [f"top_{k}{end}" for k in (1, 5) for end in ("", "_low", "_high")]
    caption = (
        "Accuracy in percent, with 95% Wilson intervals. "
        + (f"Only locations with {where}. " if where else "")
        + "The published figures were measured on other locations or after other training; they "
        "are comparable only if the store holds 50States2K."
    )
    numeric = ("Locations", "Top-1", "Top-5")
    return PrintTable(
        name,
        caption,
        pd.DataFrame(rows, columns=[*columns, "source"], dtype=object),
        pd.DataFrame(cells, columns=["Model", *numeric, "Source"]),
        numeric,
    )


def class_summary_table(
    name: str,
    model: str,
    classes: Sequence[ClassSummary],
    highlighted: Sequence[str] = (),
) -> PrintTable:
    """Return recall, precision and area of each class, and what it is confused with."""
    numbers = pd.DataFrame(
        [
            [
                one.class_name, one.n, one.n_predicted,
                one.recall.value, one.recall.low, one.recall.high,
                one.precision.value, one.precision.low, one.precision.high,
                one.auc, one.confused_with, one.n_confused,
            ]
            for one in classes
        ],
        columns=[
            "class", "locations", "predicted", "recall", "recall_low", "recall_high",
            "precision", "precision_low", "precision_high", "auc", "confused_with",
            "confused_locations",
        ],
    )  # fmt: skip
    cells = pd.DataFrame(
        [
            [
                one.class_name,
                f"{one.n:,}",
                interval(one.recall),
                interval(one.precision),
                "–" if one.auc != one.auc else f"{one.auc:.3f}",
                f"{one.confused_with} ({one.n_confused:,})" if one.confused_with else "–",
            ]
            for one in classes
            if not highlighted or one.class_name in highlighted
        ],
        columns=["Class", "Locations", "Recall, %", "Precision, %", "AUC", "Most confused with"],
    )
    caption = (
        f"Classes of {model}: recall and precision with 95% Wilson intervals, area under the ROC "
        "curve, and the class that it is most often confused with."
    )
    numeric = ("Locations", "Recall, %", "Precision, %", "AUC")
    return PrintTable(name, caption, numbers, cells, numeric)


def mistakes_table(
    name: str, model: str, found: StateMistakes, frequencies: Sequence[PredictionFrequency]
) -> PrintTable:
    """Return where wrong predictions go, and the classes that are predicted too often or seldom."""
    kinds = {
        "Same Census division": found.same_division,
        "Neighbouring state": found.neighbors,
        "Neither": found.elsewhere,
    }
    numbers = pd.DataFrame(
        [
            [title, one.count, one.share.value, one.share.low, one.share.high, one.chance]
            for title, one in kinds.items()
        ],
        columns=["mistakes", "count", "share", "share_low", "share_high", "chance"],
    )
    of_classes = pd.DataFrame(
        [
            [one.class_name, one.n_predicted, one.n, one.p_value, one.p_adjusted]
            for one in frequencies
        ],
        columns=["class", "predicted", "locations", "p_value", "p_adjusted"],
    )
    cells = pd.DataFrame(
        [
            [
                title,
                f"{one.count:,}",
                interval(one.share),
                f"{100 * one.chance:.1f}" if found.n_wrong else "–",
            ]
            for title, one in kinds.items()
        ],
        columns=["Predicted", "Locations", "Share, %", "By chance, %"],
    )
    caption = (
        f"Where the {found.n_wrong:,} wrong predictions of {model} go, with 95% Wilson intervals; "
        "a neighbour may be of the same division. By chance: if each were any other state alike. "
        f"{'. '.join(frequency_lines(frequencies))}."
    )
    numbers = pd.concat([numbers, of_classes], ignore_index=True)
    return PrintTable(name, caption, numbers, cells, tuple(cells.columns[1:]))


def comparison_table(name: str, first: str, others: Mapping[str, Comparison]) -> PrintTable:
    """Return models by name against a first one on the same locations.

    A row of the numbers without a class is of all locations together.
    """
    rows: list[list[str]] = []
    numbers: list[list[object]] = []
    for model, found in others.items():
        overall, area = found.overall, found.macro_auc_difference
        differing = [one for one in found.classes if one.p_adjusted <= SIGNIFICANT]
        better = sum(one.second > one.first for one in differing)
        rows.append(
            [
                model,
                f"{overall.n:,}",
                interval_text(overall.difference, "+.1f", 100, ends="({} to {})"),
                f"{overall.first_alone:,} / {overall.second_alone:,}",
                "< 0.001" if overall.p_value < 0.001 else f"{overall.p_value:.3f}",
                interval_text(area, "+.3f", ends="({} to {})"),
                f"{better} / {len(differing) - better}",
            ]
        )
        first_right, other_right = (
            (overall.both + alone) / overall.n
            for alone in (overall.first_alone, overall.second_alone)
        )
        both = [*astuple(overall.difference), *astuple(area)]
        rates = [first_right, other_right, overall.p_value, None]
        numbers.append([model, None, overall.n, *rates, *both])
        numbers += [
            [model, one.class_name, one.n, one.first, one.second, one.p_value, one.p_adjusted]
            + 6 * [None]
            for one in found.classes
        ]
    columns = [
        "Model", "Locations", "Top-1, points", "Only one right", "p", "AUC",
        "Better / worse classes",
    ]  # fmt: skip
    caption = (
        f"Models against {first} on the same locations: differences of top-1 accuracy and of mean "
        "AUC with 95% intervals of a paired bootstrap; locations that only the first or only the "
        "other model has right, with McNemar's exact test; classes whose recall differs (Benjamini "
        f"and Hochberg, {SIGNIFICANT:.0%})."
    )
    names = [
        "model", "class", "locations", "recall_first", "recall", "p_value", "p_adjusted",
        "difference", "difference_low", "difference_high", "auc_difference", "auc_difference_low",
        "auc_difference_high",
    ]  # fmt: skip
    return PrintTable(
        name,
        caption,
        pd.DataFrame(numbers, columns=names),
        pd.DataFrame(rows, columns=columns),
        tuple(columns[1:]),
    )


def ground_truth_table(name: str, path: Path) -> PrintTable:
    """Return the metrics in `ground_truth.csv` of `resnetbolt ground-truth`; raises InputError."""
    needed = {"method", "baseline", "part", "metric", "element", "locations", "chance"}
    needed |= set(_SHARES)
    try:
        table = pd.read_csv(path, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as CSV; name ground_truth.csv.") from error
    if not needed <= set(table.columns):
        raise InputError(
            f"{path}: lacks a column of {', '.join(sorted(needed - set(table.columns)))}; write it "
            "with `resnetbolt ground-truth FILE.h5 --out DIR`."
        )
    whole = table[(table["element"] == "") & (table["part"] != "positive")]
    whole = whole.assign(
        **{key: pd.to_numeric(whole[key], errors="coerce") for key in whole if key in _SHARES}
    )
    metrics = [metric for metric in _METRICS if metric in set(whole["metric"])][:_MOST_METRICS]
    rows = []
    for (method, baseline), group in whole.groupby(["method", "baseline"], sort=False):
        of_metric = group.set_index("metric")
        shown = []
        for metric in metrics:
            _, key, form, scale = _METRICS[metric]
            ends = of_metric[[key, f"{key}_low", f"{key}_high"]].loc[metric].to_numpy()
            shown.append(interval_text(Interval(*ends), form, scale))
        title = _REFERENCE_TITLES.get(str(method), METHOD_TITLES.get(str(method), str(method)))
        rows.append(
            [
                title[:1].upper() + title[1:],
                BASELINE_TITLES.get(str(baseline), "–"),
                *shown,
                str(group["locations"].iloc[-1]),
            ]
        )
    names = ["Method", "Baseline", *(_METRICS[metric][0] for metric in metrics), "Maps"]
    caption = "Attribution methods compared with painted masks, with 95% bootstrap intervals over "
    caption += "the locations. " + " ".join(
        text for metric, text in _METRIC_WORDS.items() if metric in metrics
    )
    return PrintTable(name, caption, table, pd.DataFrame(rows, columns=names), tuple(names[2:]))


def _setting(value: Any) -> str:
    """Return a value as the paper prints it: 0.00001, 1e-8, (0.9, 0.999)."""
    if isinstance(value, tuple):
        return f"({', '.join(_setting(one) for one in value)})"
    if value == "":
        return "none"
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    if value and abs(value) < 1e-6:
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:.10f}".rstrip("0").rstrip(".")
