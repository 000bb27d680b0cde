"""A study, over explainers of which it is known what it must find."""

import csv
import io
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from common.errors import InputError
from common.progress import ProgressCallback, no_progress
from workbench.attribution.explainer import PartialCallback
from workbench.attribution.ground_truth import report
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.ground_truth.plot import dot_plot
from workbench.attribution.ground_truth.study import (
    LOWER_HALF,
    METRICS,
    PARTS,
    MethodConfig,
    MethodResult,
    method_configs,
    sample,
    study,
)
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution, Cost
from workbench.store import Store


@dataclass
class Known:
    """Explains by drawing the elements that tell the state, or one of another name, or nothing.

    What it draws stands on the left half of what it is asked to, negative on the right.
    """

    masks: Masks
    draws: str
    asked: list[tuple[str, AttributionRequest]] = field(default_factory=list)

    def resolve(self, location_id: str, request: AttributionRequest) -> AttributionRequest:
        return request

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        self.asked.append((location_id, request))
        share = self.masks.shares(location_id, 32)
        wanted = [
            self.draws in ("everything", element.name)
            or (self.draws == "truth" and element.tells_state)
            for element in self.masks.elements
        ]
        # Only where nothing else is mixed in, or a mixed pixel would count for both.
        drawn = (share[wanted].sum(axis=0) > 0.999).astype(np.float32)
        drawn[..., 16:] *= -1
        return Attribution(
            location_id=location_id,
            request=request,
            values=drawn,
            output=1.0,
            baseline_output=0.0,
            probability=0.5,
            converged=len(self.asked) > 1,
            reason="",
            error_estimate=None,
            cost=Cost(1, 1, 2.0),
        )

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        raise NotImplementedError


def unseen(state: str) -> NDArray[np.float32]:
    """Return the map of a model that looks everywhere."""
    return np.ones((4, 32, 32), dtype=np.float32)


def agreement(store: Store, masks: Masks, draws: str) -> MethodResult:
    chosen = [MethodConfig("grad_cam", "")]
    only, *_ = study(store, range(9), chosen, Known(masks, draws), masks, unseen, seed=0)
    return only


def test_the_lower_half_prefers_the_ground(store: Store, masks: Masks) -> None:
    ways_to_explain = [MethodConfig("grad_cam", "")]
    _, control, _ = study(
        store, range(9), ways_to_explain, Known(masks, "sky"), masks, unseen, seed=0
    )
    assert control.config == LOWER_HALF
    assert control.metrics["absolute", "mass accuracy"].value.value > 0.9
    assert control.irrelevant.value.value < 0.1
    assert control.elements["sky"].value.value == pytest.approx(0, abs=0.01)
    assert control.unconverged is None


def test_a_map_of_the_ground_truth_is_perfect(store: Store, masks: Masks) -> None:
    found = agreement(store, masks, "truth")
    for part in PARTS:
        for name in ("mass accuracy", "pointing game"):
            assert found.metrics[part, name].value.value > 0.999
    # The K greatest places must hold mixed ones too.
    assert found.metrics["absolute", "rank accuracy"].value.value > 0.85
    assert all(one.locations == 9 and one.ratio.low > 1 for one in found.metrics.values())
    assert found.irrelevant.value.value < 0.001


def test_a_constant_map_is_at_chance(store: Store, masks: Masks) -> None:
    found = agreement(store, masks, "everything")
    for name in METRICS:
        assert found.metrics["absolute", name].ratio.value == pytest.approx(1, abs=1e-5)
    assert found.irrelevant.ratio.value == pytest.approx(1, abs=1e-5)
    for comparison in found.elements.values():
        if comparison.locations > 1:
            assert comparison.ratio.value == pytest.approx(1, abs=1e-5)


def test_a_map_of_the_sky_is_wrong(store: Store, masks: Masks) -> None:
    found = agreement(store, masks, "sky")
    assert found.irrelevant.value.value > 0.999
    assert found.elements["sky"].ratio.low > 1
    assert found.metrics["absolute", "mass accuracy"].ratio.high < 0.01


def test_an_element_is_evaluated_where_it_is_visible(store: Store, masks: Masks) -> None:
    found = agreement(store, masks, "tint")
    # The other two states have none, so there is nothing on their maps.
    assert found.elements["tint"].locations == 3
    assert found.elements["tint"].value.value > 0.999
    assert found.metrics["absolute", "mass accuracy"].locations == 3


def test_every_method_meets_every_baseline_that_it_uses() -> None:
    assert method_configs(["occlusion", "grad_cam", "occlusion"], ["black", "mean"]) == [
        MethodConfig("occlusion", "black"),
        MethodConfig("occlusion", "mean"),
        MethodConfig("grad_cam", ""),
    ]


def test_requests_have_the_true_target_and_baselines_of_other_classes(
    store: Store, masks: Masks
) -> None:
    explainer = Known(masks, "truth")
    rows = [0, 4, 8]
    study(
        store,
        rows,
        method_configs(["occlusion"], ["location", "mean"]),
        explainer,
        masks,
        unseen,
        seed=3,
    )
    assert len(explainer.asked) == 6
    for location, question in explainer.asked:
        question.validate(store.class_names)
        assert (question.target, question.output, question.seed) == ("true", "logit", 3)
        if question.baseline == "location":
            assert question.baseline_location.split("/")[0] != location.split("/")[0]
        else:
            assert question.baseline_location == ""


def test_the_baseline_location_needs_another_class(store: Store, masks: Masks) -> None:
    store.labels[:] = 0
    with pytest.raises(InputError, match="locations of one class only"):
        study(
            store,
            [0, 1],
            [MethodConfig("occlusion", "location")],
            Known(masks, "truth"),
            masks,
            unseen,
            0,
        )


def test_a_sample_is_seeded() -> None:
    rows = np.array([3, 5, 8, 9])
    assert sample(rows, 100, 0) == [3, 5, 8, 9]
    many = np.arange(50)
    assert sample(many, 4, 0) == sample(many, 4, 0) != sample(many, 4, 1)
    assert len(set(sample(many, 4, 0))) == 4


def test_the_tables_show_the_results(store: Store, masks: Masks) -> None:
    found = study(
        store,
        range(9),
        method_configs(["integrated_gradients", "grad_cam"], ["black"]),
        Known(masks, "truth"),
        masks,
        unseen,
        seed=0,
    )
    page = report.page("Nine locations.", found)
    assert page.startswith("Nine locations.\n")
    mass = found[0].metrics["absolute", "mass accuracy"]
    cell = f"{100 * mass.value.value:.1f} ({100 * mass.value.low:.1f}–{100 * mass.value.high:.1f})"
    (line,) = [line for line in page.splitlines() if "black" in line and "map" in line]
    assert cell in line
    assert [word.strip() for word in line.split("|")][-4:-1] == ["9", "1", "2.00"]
    rows = list(csv.DictReader(io.StringIO(report.csv(found))))
    assert len(rows) == 4 * (len(PARTS) * len(METRICS) + 1 + len(masks.elements))
    first = rows[0]
    assert (first["method"], first["baseline"]) == ("integrated_gradients", "black")
    assert float(first["value"]) == mass.value.value
    assert float(first["ratio_high"]) == mass.ratio.high
    (tint,) = [row for row in rows[: len(rows) // 4] if row["element"] == "tint"]
    assert (tint["metric"], tint["locations"]) == ("share", "3")
    assert all(row["value"] for row in rows if int(row["locations"]) > 1)


def test_unknown_numbers_are_empty_in_the_tables(store: Store, masks: Masks) -> None:
    found = study(
        store, range(3), [MethodConfig("grad_cam", "")], Known(masks, "tint"), masks, unseen, seed=0
    )
    rows = list(csv.DictReader(io.StringIO(report.csv(found[:1]))))
    assert {(row["locations"], row["value"], row["ratio_low"]) for row in rows} == {("0", "", "")}
    (line,) = [line for line in report.page("", found[:1]).splitlines() if "positive" in line]
    assert line.count("–") == 8


def test_the_figure_draws_the_numbers_of_the_table(store: Store, masks: Masks) -> None:
    found = study(
        store,
        range(9),
        method_configs(["occlusion"], ["black", "mean"]),
        Known(masks, "truth"),
        masks,
        unseen,
        0,
    )
    panels = dot_plot(found).axes
    assert [axes.get_title() for axes in panels] == [name.capitalize() for name in METRICS]
    for axes, name in zip(panels, METRICS, strict=True):
        drawn = {line.get_label(): line.get_xdata() for line in axes.lines}
        for part, title in report.PART_TITLES.items():
            expected = [one.metrics[part, name].value.value for one in found]
            assert np.asarray(drawn[title]).tolist() == expected
    labels = [text.get_text() for text in panels[0].get_yticklabels()]
    assert labels == [
        "occlusion, black",
        "occlusion, mean colour",
        "control: lower half",
        "control: noise images",
    ]
