import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness

from embeddings import quality as module
from embeddings.knn import build_knn_graph
from embeddings.pca import fit_pca
from embeddings.projections import fit_tsne, fit_umap, pca_projection
from embeddings.quality import (
    build_reference,
    measure_quality,
    measure_stability,
    projection_neighbors,
    shared_fraction,
)
from embeddings.results import NeighborGraph, PrincipalComponents, Projection, ProjectionQuality
from tests.embeddings.examples import Fractions, clusters, graph_of, iris, trained


def judged(
    feature: NDArray[np.float32],
    label: NDArray[np.int64],
    coordinate: NDArray[np.float32],
    count: int = 15,
    sample: int = 10**6,
) -> ProjectionQuality:
    graph = build_knn_graph(feature, 40, 0)
    return measure_quality(
        build_reference(feature, label, graph, 0, n_neighbors=count, sample=sample), coordinate
    )


@pytest.mark.parametrize("count", [1, 5, 15])
@pytest.mark.parametrize("offset", [0, 1000])
def test_trustworthiness_and_continuity_are_those_of_scikit_learn(count: int, offset: int) -> None:
    feature, label = clusters(250, 0)
    feature += offset
    coordinate = fit_pca(feature, 0).scores[:, :2]
    found = judged(feature, label, coordinate, count)
    exact = feature.astype(np.float64)
    assert found.sample == 250
    assert found.trustworthiness == pytest.approx(
        trustworthiness(exact, coordinate, n_neighbors=count), abs=1e-9
    )
    assert found.continuity == pytest.approx(
        trustworthiness(coordinate.astype(np.float64), exact, n_neighbors=count), abs=1e-9
    )


def test_a_map_of_the_features_themselves_is_perfect_and_a_random_one_is_not() -> None:
    feature, label = clusters(300, 0, width=2)
    own = judged(feature, label, feature)
    assert (own.trustworthiness, own.continuity) == (1, 1)
    assert own.agreement == own.feature_agreement
    assert (own.preservation == 1).all()
    random = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    chance = judged(feature, label, random)
    assert 0.4 < chance.trustworthiness < 0.6
    assert 0.4 < chance.continuity < 0.6
    assert chance.agreement < 0.2 < chance.feature_agreement
    assert chance.preservation.mean() < 0.1
    assert not np.array_equal(own.preservation, chance.preservation)


def test_a_map_that_folds_is_trusted_less_and_one_that_tears_is_continued_less() -> None:
    # Neighbours along a line; folded, strangers become neighbours, torn, neighbours part.
    line = np.linspace(0, 100, 400, dtype=np.float32)
    feature = np.column_stack((line, np.zeros(400, np.float32)))
    label = np.zeros(400, np.int64)
    folded = np.column_stack((np.abs(line - 50), np.zeros(400))).astype(np.float32)
    torn = np.column_stack((np.where(np.arange(400) % 2, line, line + 1000), np.zeros(400)))
    fold = judged(feature, label, folded)
    tear = judged(feature, label, torn.astype(np.float32))
    assert fold.trustworthiness < 0.9 < fold.continuity
    assert tear.continuity < tear.trustworthiness


def test_a_sample_gives_almost_the_figures_of_all() -> None:
    feature, label, found, graph = trained()
    whole = measure_quality(build_reference(feature, label, graph, 0), found.scores[:, :2])
    part = measure_quality(
        build_reference(feature, label, graph, 1, sample=200), found.scores[:, :2]
    )
    assert part.sample == 200
    assert part.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.02)
    assert part.continuity == pytest.approx(whole.continuity, abs=0.02)
    assert np.array_equal(part.preservation, whole.preservation)


def test_shares_of_neighbours_by_hand() -> None:
    feature = np.array([[0], [1], [2.5], [10], [11], [12.5]], np.float32)
    label = np.array([0, 0, 1, 1, 1, 1])
    coordinate = np.column_stack((feature[[0, 1, 5, 3, 4, 2], 0], np.zeros(6, np.float32)))
    found = judged(feature, label, coordinate, count=2)
    # Nearest in the features 12, 02, 10, 45, 35, 43; on the map 15, 05, 43, 42, 32, 10.
    assert found.feature_agreement == pytest.approx((1 + 1 + 0 + 2 + 2 + 2) / 12)
    assert found.agreement == pytest.approx((1 + 1 + 2 + 2 + 2 + 0) / 12)
    assert found.preservation.tolist() == [0.5, 0.5, 0, 0.5, 0.5, 0]


def test_duplicates_count_as_equally_near() -> None:
    # Far from the origin, so that rounding would tell equal distances apart.
    place, _ = clusters(12, 0)
    feature = np.repeat(place * 3 + 700, 100, axis=0)
    label = np.repeat(np.arange(12), 100)
    coordinate = feature[:, :2] + np.random.default_rng(0).normal(scale=1e-3, size=(1200, 2))
    found = judged(feature, label, coordinate.astype(np.float32))
    assert found.trustworthiness == 1
    assert found.agreement == found.feature_agreement == 1


def test_features_are_read_by_slices_alone() -> None:
    feature, label, _, graph = trained()

    class File:
        shape = feature.shape
        longest = 0

        def __getitem__(self, rows: slice, /) -> NDArray[np.float32]:
            assert isinstance(rows, slice)
            block = feature[rows]
            File.longest = max(File.longest, len(block))
            return block

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH", 100)
        of_file = build_reference(File(), label, graph, 0, sample=50)
    whole = build_reference(feature, label, graph, 0, sample=50)
    assert File.longest == 100
    assert np.allclose(of_file.distances, whole.distances, rtol=1e-6)
    assert np.array_equal(np.sort(of_file.neighbors), np.sort(whole.neighbors))


def test_fewer_neighbours_are_compared_where_there_are_few_locations() -> None:
    feature, label = iris()
    few = judged(feature[:5], label[:5], feature[:5, :2].copy())
    assert (few.n_neighbors, few.sample) == (2, 5)
    assert 0 <= few.trustworthiness <= 1


def test_duplicates_are_not_their_own_neighbours() -> None:
    near = projection_neighbors(np.zeros((5000, 2), np.float32), 15)
    assert (near != np.arange(5000)[:, None]).all()


def test_shared_neighbours_are_counted_in_any_order() -> None:
    one = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    another = np.array([[3, 1, 2], [6, 0, 1], [0, 1, 2]])
    assert shared_fraction(one, another) == pytest.approx([1, 1 / 3, 0])


def test_a_map_that_no_seed_changes_is_stable_and_a_random_one_is_not() -> None:
    _, _, found, graph = trained()

    def random(components: PrincipalComponents, graph: NeighborGraph, seed: int) -> Projection:
        shape = (len(components.scores), 2)
        coordinate = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        return Projection("random", coordinate, {}, seed, "")

    assert measure_stability(lambda f, g, s: pca_projection(f), found, graph, 0) == (1, 600)
    share, sample = measure_stability(random, found, graph, 0, sample=300)
    assert share < 0.15
    assert sample == 300


@pytest.mark.slow
@pytest.mark.xdist_group("numba")
def test_stability_fits_a_sample_over_its_own_graph_with_other_seeds() -> None:
    _, _, found, graph = trained()
    seeds = []

    def fit(components: PrincipalComponents, graph: NeighborGraph, seed: int) -> Projection:
        assert components.scores.shape == (200, 30)
        assert graph.indices.shape == (200, 90)
        assert graph.indices.max() < 200
        seeds.append(seed)
        return fit_umap(components, graph, seed)

    share, _ = measure_stability(fit, found, graph, 5, sample=200)
    assert seeds == [5, 6, 7]
    assert 0.2 < share < 1


@pytest.mark.slow
@pytest.mark.xdist_group("numba")
def test_maps_that_follow_the_graph_are_better_than_the_first_components() -> None:
    feature, label, found, graph = trained()
    held = build_reference(feature, label, graph, 0)
    first = measure_quality(held, pca_projection(found).coordinates)
    for better in (fit_tsne(found, graph, 0), fit_umap(found, graph, 0)):
        quality = measure_quality(held, better.coordinates)
        assert quality.trustworthiness > first.trustworthiness
        assert quality.agreement > first.agreement
        assert quality.preservation.mean() > 1.5 * first.preservation.mean()


def test_progress_rises_to_one() -> None:
    feature, label = iris()
    found, graph = graph_of(feature)
    for function in (
        lambda said: build_reference(feature, label, graph, 0, progress=said),
        lambda said: measure_quality(
            build_reference(feature, label, graph, 0), feature[:, :2].copy(), said
        ),
        lambda said: measure_stability(
            lambda f, g, s: pca_projection(f), found, graph, 0, progress=said
        ),
    ):
        said = Fractions()
        function(said)
        assert said == sorted(said)
        assert said[-1] == 1
