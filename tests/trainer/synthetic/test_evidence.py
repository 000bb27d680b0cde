"""Nats and posteriors against closed forms and against simulation."""

from collections import Counter
from math import log

import numpy as np
import pytest

from trainer.synthetic import elements, generator
from trainer.synthetic.country import fields, grid
from trainer.synthetic.distributions import Categorical, Normal
from trainer.synthetic.evidence import Evidence, Observer
from trainer.synthetic.generator import SEASONS, Places, Values
from trainer.synthetic.parts import Scene
from trainer.synthetic.scene import scene
from trainer.synthetic.states import NAMES, STATES

FEW = tuple(NAMES.index(name) for name in ("Ohio", "Indiana", "Pennsylvania", "Arizona"))
ALL = frozenset(elements.NAMES)


@pytest.fixture(scope="module")
def observer() -> Observer:
    return Observer(FEW, NAMES)


def locations(count: int) -> list[tuple[int, Scene]]:
    return [(row, scene(STATES[row], (3, 0, row, index))) for row in FEW for index in range(count)]


def evidence_of(observer: Observer, row: int, place: Scene) -> Evidence:
    return observer.evidence(row, place.season, place.values, ALL)


def test_evidence_of_a_habit_in_closed_form(observer: Observer) -> None:
    """The pole of a state: log p(kind | state) p(wires | state) over its mean over the states."""
    row, place = locations(1)[0]
    distributions = generator.state_distributions(np.array(FEW))[elements.POLE]
    probability = np.exp(
        sum(
            distribution.log_prob(place.values[elements.POLE][name])
            for name, distribution in distributions.items()
        )
    )
    expected = log(probability[0] / probability.mean())
    found = evidence_of(observer, row, place).nats[elements.POLE]
    assert found == pytest.approx(expected)


@pytest.mark.slow
def test_evidence_of_a_field_is_the_mean_density_over_places(observer: Observer) -> None:
    """The density of the sky over 4,000 places of each state gives what 128 places give."""
    for row, place in locations(3):
        found = evidence_of(observer, row, place).nats[elements.SKY]
        density = []
        for state in FEW:
            land = fields(*grid(NAMES[state], 4000))
            distributions = generator.place_distributions(
                Places(land, np.full(4000, state)), place.season
            )
            total = sum(
                distribution.log_prob(place.values[elements.SKY][name])
                for name, distribution in distributions[elements.SKY].items()
            )
            density.append(np.exp(total).mean())
        expected = log(density[FEW.index(row)] / np.mean(density))
        assert found == pytest.approx(expected, abs=0.05)


def test_evidence_agrees_with_simulation(observer: Observer) -> None:
    """How often a crop is drawn in a state, over how often in all, is what the crop says."""
    random = np.random.default_rng(5)
    counts: dict[int, Counter[str]] = {row: Counter() for row in FEW}
    for row in FEW:
        land = fields(*grid(NAMES[row], 3000))
        distribution = generator.place_distributions(Places(land, np.full(3000, row)), "summer")[
            elements.FIELD
        ]
        crop = distribution["crop"]
        assert isinstance(crop, Categorical)
        for probabilities in crop.probabilities:
            counts[row][crop.names[int(random.choice(len(crop.names), p=probabilities))]] += 1
    share = {row: counts[row]["soy"] / 3000 for row in FEW}
    densities = observer.densities("summer", locations(1)[0][1].values, ALL)
    assert set(densities) == set(generator.distributions(_places(), "summer"))
    crop_distribution = observer._at("summer")[elements.FIELD]["crop"]
    mean = np.exp(crop_distribution.log_prob("soy")).reshape(len(FEW), -1).mean(axis=1)
    assert mean == pytest.approx([share[row] for row in FEW], abs=0.02)


def _places() -> Places:
    return generator.at(FEW[0], 40.0, -83.0)


@pytest.mark.slow
def test_the_posterior_is_calibrated(observer: Observer) -> None:
    """The likeliest state is right as often as its probability says."""
    hits, probabilities = [], []
    for row, place in locations(40):
        posterior = evidence_of(observer, row, place).posterior
        assert posterior.sum() == pytest.approx(1.0)
        hits.append(posterior.argmax() == FEW.index(row))
        probabilities.append(posterior.max())
    assert np.mean(hits) == pytest.approx(np.mean(probabilities), abs=0.08)


@pytest.mark.slow
def test_evidence_has_a_positive_mean(observer: Observer) -> None:
    """The mean over draws is a Jensen-Shannon divergence, which cannot be negative."""
    total: dict[int, list[float]] = {}
    for row, place in locations(20):
        for element, nats in evidence_of(observer, row, place).nats.items():
            total.setdefault(element, []).append(nats)
    assert set(total) == set(generator.distributions(_places(), "summer"))
    for found in total.values():
        assert np.mean(found) > -0.1
        assert max(found) <= log(len(FEW)) + 1e-9


def test_what_is_hidden_says_nothing_and_absence_does(observer: Observer) -> None:
    row, place = locations(1)[0]
    values: Values = {
        **place.values,
        elements.BARRIER: {"kind": "none"},
        elements.LANDMARK: {"kind": "barn"},
    }
    nats = observer.evidence(row, place.season, values, {elements.SKY}).nats
    assert elements.LANDMARK not in nats
    assert elements.TREE not in nats
    assert nats[elements.BARRIER] == pytest.approx(0.0, abs=1e-9)
    assert elements.SKY in nats


def test_planted_marks_and_seasons_count(observer: Observer) -> None:
    row, place = locations(1)[0]
    mark = np.array([0.0, -np.inf, -np.inf, -np.inf])
    evidence = observer.evidence(row, place.season, place.values, ALL, {32: mark})
    assert evidence.nats[32] == pytest.approx(log(4))
    assert evidence.posterior == pytest.approx([1, 0, 0, 0])
    weights = np.array([list(SEASONS.values())] * 4)
    weights[0] = [0.02, 0.02, 0.06, 0.9]
    confounded = Observer(FEW, NAMES, weights)
    found = confounded.evidence(row, "winter", place.values, {elements.SKY}).nats
    assert found[elements.SEASON] == pytest.approx(log(0.9 / weights[:, 3].mean()))


@pytest.mark.slow
def test_arizona_is_easy_and_ohio_is_not() -> None:
    """Over the whole country neighbours are confused, and odd states are not."""
    observer = Observer(range(50), NAMES)
    right = {}
    for name in ("Arizona", "Alaska", "Hawaii", "Massachusetts", "Maryland"):
        row = NAMES.index(name)
        places = [scene(STATES[row], (0, 0, row, index)) for index in range(20)]
        answers = [evidence_of(observer, row, place).posterior.argmax() for place in places]
        right[name] = np.mean([answer == row for answer in answers])
    assert min(right["Arizona"], right["Alaska"], right["Hawaii"]) >= 0.9
    assert max(right["Massachusetts"], right["Maryland"]) <= 0.85


def test_distributions_of_places_are_normal_where_they_are_numbers() -> None:
    distributions = generator.place_distributions(_places(), "summer")
    assert isinstance(distributions[elements.SOIL]["light"], Normal)
