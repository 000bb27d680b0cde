import numpy as np
import pytest
from scipy.spatial import procrustes

from embeddings.procrustes import align_procrustes

RANDOM = np.random.default_rng(0)
MAP = RANDOM.normal(size=(40, 2)).astype(np.float32)
ALL = np.arange(40)


def test_rotation_reflection_scale_and_shift_are_undone() -> None:
    turn = np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]]) @ np.diag([1, -1])
    moved = (5 * MAP @ turn + [30, -2]).astype(np.float32)
    back = align_procrustes(moved, MAP, ALL, ALL)
    assert np.allclose(back.coordinates, MAP, atol=1e-5)
    assert back.disparity == pytest.approx(0, abs=1e-6)


def test_the_disparity_is_that_of_scipy_and_symmetric() -> None:
    other = (MAP + RANDOM.normal(scale=0.5, size=MAP.shape)).astype(np.float32)
    _, _, known = procrustes(MAP, other)
    assert align_procrustes(other, MAP, ALL, ALL).disparity == pytest.approx(known, rel=1e-4)
    assert align_procrustes(MAP, other, ALL, ALL).disparity == pytest.approx(known, rel=1e-4)
    assert 0.05 < known < 0.5
    unrelated = RANDOM.normal(size=MAP.shape).astype(np.float32)
    assert align_procrustes(unrelated, MAP, ALL, ALL).disparity > 0.7


def test_only_common_locations_decide_and_all_are_moved() -> None:
    order = RANDOM.permutation(40)
    moving = np.concatenate((MAP[order] * 2, [[100, 100]])).astype(np.float32)
    fixed = np.concatenate(([[-7, 9]], MAP)).astype(np.float32)
    found = align_procrustes(moving, fixed, np.arange(30), order[:30] + 1)
    assert found.coordinates.shape == (41, 2)
    assert np.allclose(found.coordinates[:40], MAP[order], atol=1e-5)
    assert np.allclose(found.coordinates[40], 50, atol=1e-3)


def test_too_little_in_common_is_refused() -> None:
    with pytest.raises(ValueError, match="2 common locations are too few"):
        align_procrustes(MAP, MAP, ALL[:2], ALL[:2])
    with pytest.raises(ValueError, match="at one point"):
        align_procrustes(np.ones((40, 2), np.float32), MAP, ALL, ALL)
