import numpy as np
import pytest

from workbench.evaluation import metrics
from workbench.evaluation.roc_curves import RankedScores, roc
from workbench.figures import screen
from workbench.figures.colors import class_colors


def guesses(classes: int, each: int = 20) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    label = np.repeat(np.arange(classes), each).astype(np.int64)
    logit = generator.normal(size=(len(label), classes))
    logit[np.arange(len(label)), label] += np.linspace(0.5, 3, classes)[label]
    names = tuple(f"Class {index:02d}" for index in range(classes))
    return names, label, metrics.probabilities(logit.astype(np.float32))


@pytest.mark.parametrize("classes", [1, 2, 5, 50, 120])
def test_each_class_has_its_own_color(classes: int) -> None:
    colour = list(class_colors([str(index) for index in range(classes)]).values())
    assert len(set(colour)) == classes
    assert all(len(one) == 7 and int(one[1:], 16) >= 0 for one in colour)


# With full deuteranopia, protanopia and tritanopia, of linear RGB (Machado et al. 2009, table 1).
DEFICIENCIES = {
    "": np.eye(3),
    "deuteranopia": [
        [0.3673, 0.8606, -0.2280],
        [0.2801, 0.6725, 0.0474],
        [-0.0118, 0.0429, 0.9689],
    ],
    "protanopia": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "tritanopia": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}


def least_distance(colors: list[str], deficiency: str) -> float:
    """Return the least distance in OKLab, where 0.02 is about just noticeable for large patches."""
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colors])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(DEFICIENCIES[deficiency]).T, 0, 1)
    to_cone = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab = np.cbrt(linear @ to_cone.T) @ to_lab.T
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=2)
    return float(distance[~np.eye(len(colors), dtype=bool)].min())


@pytest.mark.parametrize(
    ("safe", "deficiency", "count", "least"),
    [(False, "", 50, 0.04), *((True, one, 50, 0.02) for one in DEFICIENCIES)]
    + [(True, one, 12, 0.05) for one in DEFICIENCIES],
)
def test_class_colors_can_be_told_apart(
    safe: bool, deficiency: str, count: int, least: float
) -> None:
    names = [str(index) for index in range(count)]
    colors = list(class_colors(names, safe).values())
    assert least_distance(colors, deficiency) > least
    if deficiency:
        assert least_distance(colors, deficiency) > 1.5 * least_distance(
            list(class_colors(names).values()), deficiency
        )


def test_roc_of_few_classes_names_each_with_its_area() -> None:
    names, label, probability = guesses(4)
    result = roc(label, probability, names)
    figure = screen.roc(result, class_colors(names))
    chance, *curves = figure.data
    assert chance.name == "chance"
    assert {curve.name for curve in curves} == {
        f"{c.class_name} {c.auc:.3f}" for c in result.curves
    }
    assert all(curve.showlegend for curve in curves)
    for curve in curves:
        assert (curve.x[0], curve.y[0]) == (0, 0)
        assert (curve.x[-1], curve.y[-1]) == (1, 1)


def test_roc_of_many_classes_names_the_best_three_and_the_worst_three() -> None:
    names, label, probability = guesses(12)
    result = roc(label, probability, names)
    figure = screen.roc(result, class_colors(names))
    named = [curve.name for curve in figure.data if curve.showlegend]
    by_area = sorted(result.curves, key=lambda curve: -curve.auc)
    assert named == [f"{c.class_name} {c.auc:.3f}" for c in [*by_area[:3], *by_area[-3:]]]
    assert len(figure.data) == 1 + 12


def test_roc_draws_only_the_classes_asked_for() -> None:
    names, label, probability = guesses(12)
    result = roc(label, probability, names)
    figure = screen.roc(result, class_colors(names), named=names[2:4])
    assert {curve.name[:8] for curve in figure.data[1:]} == set(names[2:4])


def test_roc_says_which_class_has_no_curve() -> None:
    label = np.zeros(3, dtype=np.int64)
    result = roc(label, np.ones((3, 2)) / 2, ("Ohio", "Utah"))
    figure = screen.roc(result, class_colors(("Ohio", "Utah")))
    assert len(figure.data) == 1
    assert "Ohio, Utah" in figure.layout.annotations[0].text


def test_thinned_curves_keep_the_area() -> None:
    generator = np.random.default_rng(1)
    label = generator.integers(0, 2, 20_000)
    score = generator.normal(size=20_000) + label
    result = roc(label, np.stack([-score, score], axis=1), ("no", "yes"))
    figure = screen.roc(result, class_colors(("no", "yes")))
    for trace, curve in zip(
        sorted(figure.data[1:], key=lambda trace: trace.name), result.curves, strict=True
    ):
        assert len(trace.x) < 2_100
        assert np.trapezoid(trace.y, trace.x) == pytest.approx(curve.auc, abs=2e-3)


def counted() -> metrics.Confusion:
    label = np.array([0, 0, 1, 1, 2])
    prediction = np.array([0, 2, 1, 1, 0])
    return metrics.confusion(label, prediction, ("Ohio", "Utah", "Iowa"))


def test_confusion_is_drawn_with_true_classes_downwards() -> None:
    figure = screen.confusion(counted())
    (trace,) = figure.data
    assert trace.z.tolist() == [[1, 0, 1], [0, 2, 0], [1, 0, 0]]
    assert trace.customdata[0, 2].tolist() == ["Ohio", "Iowa"]
    assert list(figure.layout.yaxis.ticktext) == ["Ohio", "Utah", "Iowa"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert not figure.layout.annotations


def test_confusion_keeps_the_rows_asked_for_and_the_columns_that_matter() -> None:
    figure = screen.confusion(counted(), true=("Ohio",), marked=("Ohio", "Iowa"))
    assert figure.data[0].z.tolist() == [[1, 1]]
    assert list(figure.layout.yaxis.ticktext) == ["Ohio"]
    assert list(figure.layout.xaxis.ticktext) == ["Ohio", "Iowa"]
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, -0.5, 0.5)


def test_confusion_of_fifty_classes_thins_its_labels_and_says_so() -> None:
    names = tuple(f"Class {index}" for index in range(50))
    label = np.arange(50)
    figure = screen.confusion(metrics.confusion(label, label, names))
    assert len(figure.layout.xaxis.ticktext) <= screen.MOST_TICKS
    assert "every third is labelled" in figure.layout.xaxis.title.text
    assert len(figure.to_json()) < 120_000


def test_averages_stand_over_the_curves_with_their_areas() -> None:
    names, label, probability = guesses(12)
    result = roc(label, probability, names)
    macro = result.macro_average()
    (micro,) = RankedScores.pooled(label, probability, 12).roc().curves
    assert macro is not None
    figure = screen.roc(result, class_colors(names), averages=[macro, micro])
    assert [curve.name for curve in figure.data[-2:]] == [
        f"macro-average {result.macro_auc:.3f}",
        f"micro-average {micro.auc:.3f}",
    ]


@pytest.mark.parametrize("classes", [1, 12, 120])
def test_small_multiples_have_each_curve_in_a_place_of_its_own(classes: int) -> None:
    names, label, probability = guesses(classes + 1)
    result = roc(label, probability, names)
    shown = names[:classes]
    _squares, *curves, titles, areas = screen.roc_multiples(result, class_colors(names), shown).data
    assert len(curves) == classes
    by_area = sorted(result.curves[:classes], key=lambda curve: curve.auc)
    assert list(titles.text) == [curve.class_name for curve in by_area]
    assert list(areas.text) == [f"{curve.auc:.3f}" for curve in by_area]
    boxes = set()
    for trace, curve in zip(curves, by_area, strict=True):
        assert curve.class_name in trace.hovertemplate
        width, height = np.ptp(trace.x), np.ptp(trace.y)
        assert (width, height) == pytest.approx((1, 1), abs=1e-5)
        assert np.trapezoid(*np.array(trace.customdata).T[::-1]) == pytest.approx(
            curve.auc, abs=2e-3
        )
        boxes.add((round(float(min(trace.x)), 3), round(float(min(trace.y)), 3)))
    assert len(boxes) == classes
