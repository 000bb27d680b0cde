"""A study, over explainers of which it is known what it must find."""

import csv
import io
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from common.errors import InputError
from common.progress import ProgressCallback, no_progress
from common.resume_buffer import resume_directory
from workbench.attribution import aggregation
from workbench.attribution.explainer import PartialCallback
from workbench.attribution.ground_truth import report
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.ground_truth.plot import dot_plot
from workbench.attribution.ground_truth.ranking import ranking
from workbench.attribution.ground_truth.score_buffer import score_buffer
from workbench.attribution.ground_truth.scores import (
    HEIGHT_MATCHED,
    METRICS,
    PARTS,
    REMOVALS,
    SHARES,
    SIGNED,
    MapScores,
)
from workbench.attribution.ground_truth.study import (
    CENTRE,
    EDGES,
    LOWER_HALF,
    NATS,
    OTHER_MASK,
    POSITIONS,
    MethodConfig,
    MethodResult,
    method_configs,
    nats_map,
    position_controls,
    sample,
    study,
    summarize,
)
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution, Cost
from workbench.store import Store

GRAD_CAM = MethodConfig("grad_cam", "")
CONTROLS_BY_NAME = {config.method: config for config in (CENTRE, EDGES)}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The intervals of all these tables would take half of the time."""
    monkeypatch.setattr(aggregation, "N_RESAMPLES", 200)


@dataclass
class Known:
    """Explains by drawing the elements that tell the state, or one of another name, or nothing.

    What it draws stands on the left half of what it is asked to, negative on the right.
    """

    masks: Masks
    draws: str
    count: int = 0
    fails_at: int = 99
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
        self.count += 1
        if self.count == self.fails_at:
            raise InterruptedError
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
            converged=self.count > 1,
            reason="",
            error_estimate=None,
            cost=Cost(1, 1, 2.0),
        )

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        raise NotImplementedError


def scores_of(
    store: Store,
    masks: Masks,
    configs: list[MethodConfig],
    explainer: Known,
    backwards: bool = False,
    **options: Any,
) -> dict[MethodConfig, list[MapScores]]:
    controls = position_controls(store, masks, 32, seed=0)
    rows = range(len(store))[:: -1 if backwards else 1]
    return study(
        store, rows, configs, explainer, masks, controls, 32, AttributionRequest(), **options
    )


def agreement(store: Store, masks: Masks, draws: str) -> MethodResult:
    scores = scores_of(store, masks, [GRAD_CAM], Known(masks, draws))
    return summarize(scores, masks.elements, seed=0)[0]


def test_the_lower_half_gains_little_by_area_and_nothing_by_rows(
    store: Store, masks: Masks
) -> None:
    scores = scores_of(store, masks, [GRAD_CAM], Known(masks, "truth"))
    truth, low, *_ = summarize(scores, masks.elements, seed=0)
    assert low.config == LOWER_HALF
    assert 0.4 < low.metrics["absolute", "mass accuracy"].ratio.value < 1.2
    assert low.elements["sky"].value.value == pytest.approx(0, abs=0.01)
    assert low.unconverged is None
    matched = low.metrics["absolute", HEIGHT_MATCHED]
    assert matched.locations == 9
    assert (matched.ratio.low, matched.ratio.high) == pytest.approx((1, 1), abs=1e-4)
    for element in low.matched.values():
        if element.chance > 0:
            assert element.ratio.value == pytest.approx(1, abs=1e-3)
    assert truth.metrics["absolute", HEIGHT_MATCHED].ratio.low > 5


@pytest.mark.slow
def test_controls_that_only_know_positions_are_at_chance(grounds: tuple[Store, Masks]) -> None:
    store, masks = grounds
    scores = scores_of(store, masks, [], Known(masks, "truth"))
    results = {result.config: result for result in summarize(scores, masks.elements, seed=0)}
    assert set(results) == set(POSITIONS)
    for config in (CENTRE, OTHER_MASK):
        ratio = results[config].metrics["absolute", HEIGHT_MATCHED].ratio
        assert ratio.low < 1 < ratio.high, config
        assert results[config].metrics["absolute", "mass accuracy"].ratio.high > 1
    # By its own shifts, too, no more than 1 in 20 maps is right by chance.
    lucky = [each.p_value <= 0.05 for config in POSITIONS for each in scores[config]]
    assert np.mean(lucky) < 0.15


def test_a_map_of_the_ground_truth_is_perfect(store: Store, masks: Masks) -> None:
    found = agreement(store, masks, "truth")
    for part in PARTS:
        for name in ("mass accuracy", "pointing game"):
            assert found.metrics[part, name].value.value > 0.999
        assert found.metrics[part, HEIGHT_MATCHED].ratio.low > 100
    # The K greatest places must hold mixed ones too.
    assert found.metrics["absolute", "rank accuracy"].value.value > 0.7
    shares = [found.metrics[part, name] for part in PARTS for name in SHARES]
    assert all(one.locations == 9 and one.ratio.low > 1 for one in shares)
    assert found.irrelevant.value.value < 0.001


def test_a_constant_map_is_at_chance(store: Store, masks: Masks) -> None:
    found = agreement(store, masks, "everything")
    for name in (HEIGHT_MATCHED, *SHARES):
        assert found.metrics["absolute", name].ratio.value == pytest.approx(1, abs=1e-5)
    assert found.irrelevant.ratio.value == pytest.approx(1, abs=1e-5)
    for comparison in found.elements.values():
        if comparison.locations > 1:
            assert comparison.ratio.value == pytest.approx(1, abs=1e-5)


def test_a_map_of_the_clouds_is_wrong(store: Store, masks: Masks) -> None:
    found = agreement(store, masks, "cloud")
    assert found.irrelevant.value.value > 0.999
    assert found.elements["cloud"].ratio.low > 1
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
    configs = method_configs(["occlusion"], ["location", "mean"])
    details = AttributionRequest(seed=3, map_tolerance=0.2)
    study(store, [0, 4, 8], configs, explainer, masks, {}, 32, details)
    assert len(explainer.asked) == 6
    for location, question in explainer.asked:
        question.validate(store.class_names)
        assert (question.target, question.output, question.seed) == ("true", "logit", 3)
        assert question.map_tolerance == 0.2
        if question.baseline == "location":
            assert question.baseline_location.split("/")[0] != location.split("/")[0]
        else:
            assert question.baseline_location == ""


def test_the_baseline_location_and_the_other_mask_need_another_class(
    store: Store, masks: Masks
) -> None:
    store.labels[:] = 0
    configs = [MethodConfig("occlusion", "location")]
    with pytest.raises(InputError, match="locations of one class only"):
        study(store, [0, 1], configs, Known(masks, "truth"), masks, {}, 32, AttributionRequest())
    with pytest.raises(InputError, match="locations of one class only"):
        scores_of(store, masks, [], Known(masks, "truth"))


@pytest.mark.slow
def test_what_an_earlier_start_kept_is_not_computed_again(
    store: Store, masks: Masks, tmp_path: Path
) -> None:
    out, request, configs = tmp_path / "a.csv", {"seed": 0}, [GRAD_CAM, *POSITIONS]
    whole = scores_of(store, masks, [GRAD_CAM], Known(masks, "truth"))
    explainer = Known(masks, "truth", fails_at=5)
    with (
        pytest.raises(InterruptedError),
        score_buffer(out, request, configs, overwrite=False) as buffer,
    ):
        scores_of(store, masks, [GRAD_CAM], explainer, known=buffer.known, on_scores=buffer.put)
    with (
        pytest.raises(InputError, match="another request"),
        score_buffer(out, {"seed": 1}, configs, overwrite=False),
    ):
        pass
    again = Known(masks, "truth", count=4)
    with score_buffer(out, request, configs, overwrite=False) as buffer:
        assert len(buffer.known) == 4 * 4
        found = scores_of(store, masks, [GRAD_CAM], again, known=buffer.known, on_scores=buffer.put)
    assert len(again.asked) == 5
    for config, maps in whole.items():
        assert [each.dump() for each in found[config]] == [each.dump() for each in maps]
    assert not list(tmp_path.iterdir())


def test_rows_are_explained_in_their_order_and_scores_ascend(store: Store, masks: Masks) -> None:
    forwards, backwards = Known(masks, "truth"), Known(masks, "truth")
    whole = scores_of(store, masks, [GRAD_CAM], forwards)
    found = scores_of(store, masks, [GRAD_CAM], backwards, backwards=True)
    assert backwards.asked == forwards.asked[::-1]
    for config, maps in whole.items():
        assert [each.metrics for each in found[config]] == [each.metrics for each in maps]


def test_a_sample_is_seeded() -> None:
    rows = np.array([3, 5, 8, 9])
    assert sorted(sample(rows, 100, 0)) == [3, 5, 8, 9]
    many = np.arange(50)
    assert sample(many, 4, 0) == sample(many, 4, 0) != sample(many, 4, 1)
    assert len(set(sample(many, 4, 0))) == 4
    assert sample(many, 9, 0)[:4] == sample(many, 4, 0) != sorted(sample(many, 4, 0))


def test_the_tables_show_the_results(store: Store, masks: Masks) -> None:
    configs = method_configs(["integrated_gradients", "grad_cam"], ["black"])
    scores = scores_of(store, masks, configs, Known(masks, "truth"))
    found = summarize(scores, masks.elements, seed=0)
    page = report.page("Nine locations.", found, ranking(scores, configs, 0), scores)
    assert page.startswith("Nine locations.\n")
    mass = found[0].metrics["absolute", "mass accuracy"]
    cell = f"{100 * mass.value.value:.1f} ({100 * mass.value.low:.1f}–{100 * mass.value.high:.1f})"
    first, second = [line for line in page.splitlines() if "black" in line and "map" in line]
    assert [word.strip() for word in first.split("|")][-4:-1] == ["9", "1", "2.00"]
    assert cell in second
    assert "removed by" not in page
    # Both methods draw the same, so they cannot be told apart.
    starts = ("|       1 |", "|       2 |")
    places = [line.split("|") for line in page.splitlines() if line.startswith(starts)]
    assert [words[-2].strip() for words in places] == ["2", "1"]
    assert "verdict" not in page
    rows = list(csv.DictReader(io.StringIO(report.csv(found))))
    each = len(PARTS) * len(METRICS) + 1 + 2 * len(masks.elements)
    assert len(rows) == len(scores) * each
    line = next(row for row in rows if row["metric"] == "mass accuracy")
    assert (line["method"], line["baseline"]) == ("integrated_gradients", "black")
    assert float(line["value"]) == mass.value.value
    assert float(line["ratio_high"]) == mass.ratio.high
    share, matched = [row for row in rows[:each] if row["element"] == "tint"]
    assert (share["metric"], share["locations"]) == ("share", "3")
    assert matched["metric"] == HEIGHT_MATCHED
    assert all(
        row["value"] for row in rows if int(row["locations"]) > 1 and row["metric"] != "graded"
    )


def test_verdicts_are_counted_against_the_truth(store: Store, masks: Masks) -> None:
    scores = scores_of(store, masks, [GRAD_CAM], Known(masks, "truth"))
    labels = ["supported"] * 6 + ["not to be trusted"] * 3
    scores[GRAD_CAM] = [
        replace(
            each,
            label=label,
            p_value=0.01 if row < 5 else 0.5,
            metrics={**each.metrics, (SIGNED, REMOVALS[0]): (0.5 if row < 6 else 0.1, 0.0)},
        )
        for row, (each, label) in enumerate(zip(scores[GRAD_CAM], labels, strict=True))
    ]
    table = report.verdict_table(scores)
    assert table["verdict"].tolist() == ["supported", "not to be trusted"] * 2
    assert table["maps"].tolist() == [6, 3] * 2
    assert table["right, %"].tolist() == ["83 (44–97)", "0 (0–56)"] * 2
    assert table[REMOVALS[0]].tolist() == ["0.50 (0.50–0.50)", "0.10 (0.10–0.10)"] * 2
    assert table[REMOVALS[1]].isna().all()
    page = report.page("", summarize(scores, masks.elements, 0), None, scores)
    assert "| Grad-CAM | – " in page
    assert "83 (44–97)" in page


def test_maps_are_compared_with_what_the_model_uses(
    grounds: tuple[Store, Masks], tmp_path: Path
) -> None:
    """A model that uses what the data set says: the map of that agrees with it, the centre not."""
    store, masks = grounds
    rows = range(0, 40, 5)

    def removal(row: int, shares: NDArray[np.float32]) -> NDArray[np.float64]:
        nats = np.where(
            shares.mean(axis=(1, 2, 3)) > 1e-3, masks.nats(store.location_ids[row]), np.nan
        )
        return np.stack([nats, -nats])

    controls = {**position_controls(store, masks, 32, 0), **nats_map(store, masks, 32)}
    out, request = tmp_path / "a.csv", {"seed": 0}
    with score_buffer(out, request, list(controls), overwrite=False) as buffer:
        scores = study(
            store, rows, [], Known(masks, ""), masks, controls, 32, AttributionRequest(),
            removal=removal, on_scores=buffer.put,
        )  # fmt: skip
        # What a kill leaves.
        shutil.copytree(resume_directory(out), tmp_path / "copy")
    shutil.copytree(tmp_path / "copy", resume_directory(out))
    found = {each.config: each for each in summarize(scores, masks.elements, 0)}
    first, second = (found[NATS].metrics[SIGNED, name].value.value for name in REMOVALS)
    assert first > 0.7  # At 32 pixels, small elements share theirs with others.
    assert second == pytest.approx(-first)
    assert abs(found[CENTRE].metrics[SIGNED, REMOVALS[0]].value.value) < 0.5
    assert found[NATS].metrics["absolute", HEIGHT_MATCHED].ratio.low > 2
    lines = report.page("", list(found.values()), None, scores).splitlines()
    (line,) = [line for line in lines if "in nats" in line and f"{first:.2f} (" in line]
    assert f"\N{MINUS SIGN}{first:.2f} (" in line
    with score_buffer(out, request, list(controls), overwrite=False) as buffer:
        assert buffer.known[0, NATS].metrics == scores[NATS][0].metrics


@pytest.mark.slow
def test_the_table_says_which_controls_position_cannot_explain(store: Store, masks: Masks) -> None:
    """What draws the truth in a control's place is above chance, its opposite below."""
    scores = scores_of(store, masks, [GRAD_CAM], Known(masks, "truth"))
    truth = scores[GRAD_CAM]
    opposite = [
        replace(each, metrics={key: pair[::-1] for key, pair in each.metrics.items()})
        for each in truth
    ]
    chance = scores[LOWER_HALF]

    def sentences(**maps: list[MapScores]) -> str:
        known = {LOWER_HALF: chance, CENTRE: chance, EDGES: chance}
        chosen = {**known, **{CONTROLS_BY_NAME[name]: one for name, one in maps.items()}}
        page = report.page("", summarize(chosen, masks.elements, 0), None, chosen)
        return page.partition("over the locations.\n")[2].partition("\n\n")[0]

    assert sentences() == "All controls are at chance: their intervals cover 1."
    assert sentences(centre=truth) == (
        "Controls above chance: centre; the metric does not fit these photographs."
    )
    assert sentences(edges=truth, centre=opposite) == (
        "Controls above chance: edges; compare a method with that, not with 1.\n"
        "Controls below chance: centre."
    )


def test_unknown_numbers_are_empty_in_the_tables(store: Store, masks: Masks) -> None:
    configs = [GRAD_CAM]
    scores = study(
        store, range(3), configs, Known(masks, "tint"), masks, {}, 32, AttributionRequest()
    )
    found = summarize(scores, masks.elements, seed=0)
    rows = list(csv.DictReader(io.StringIO(report.csv(found))))
    assert {(row["locations"], row["value"], row["ratio_low"]) for row in rows} == {("0", "", "")}
    lines = report.page("", found, None, scores).splitlines()
    matched, shares = [line for line in lines if "positive" in line and "|" in line]
    assert matched.count("–") == 3
    assert shares.count("–") == 8


def test_the_figure_draws_the_numbers_of_the_table(store: Store, masks: Masks) -> None:
    configs = method_configs(["occlusion"], ["black", "mean"])
    scores = scores_of(store, masks, configs, Known(masks, "truth"))
    found = summarize(scores, masks.elements, seed=0)
    panels = dot_plot(found).axes
    names = (HEIGHT_MATCHED, *SHARES)
    assert [axes.get_title() for axes in panels] == [name.capitalize() for name in names]
    for axes, name in zip(panels, names, strict=True):
        drawn = {line.get_label(): line.get_xdata() for line in axes.lines}
        for part, title in report.PART_TITLES.items():
            comparisons = [one.metrics[part, name] for one in found]
            expected = [
                (one.ratio if name == HEIGHT_MATCHED else one.value).value for one in comparisons
            ]
            assert np.asarray(drawn[title]).tolist() == expected
    labels = [text.get_text() for text in panels[0].get_yticklabels()]
    assert labels == [
        "occlusion, black",
        "occlusion, mean colour",
        *(f"control: {config.method}" for config in POSITIONS),
    ]
