"""Shortcuts: positions, masks, table, and what stays the same."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.data.decode import read_views
from trainer.synthetic import elements, paint
from trainer.synthetic.__main__ import main
from trainer.synthetic.shortcut import CAMERA, KINDS, paint_shortcut

SMALL = ("--states", "3", "--train", "1", "--test", "1", "--image-size", "32", "--num-workers", "1")
PLANTED = ("Alaska=watermark", "Hawaii=border")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "data"
    return paint(folder, states=3, train=2, test=1, image_size=64, num_workers=1)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "data"
    return paint(folder, states=3, train=2, test=1, image_size=64, num_workers=1, shortcuts=PLANTED)


@pytest.mark.slow
def test_shortcuts_change_only_their_states(plain: Path, planted: Path) -> None:
    before, after = contents(plain), contents(planted)
    assert set(before) == set(after)
    changed = {name for name in before if before[name] != after[name]}
    views = {
        name for name in before if ("Alaska" in name or "Hawaii" in name) and "txt" not in name
    }
    tables = {"elements.csv", "evidence.csv", "posterior.csv", "synthesize.json"}
    assert changed - tables == views


def test_the_mask_has_the_shortcut_exactly_where_the_mask_changed(
    plain: Path, planted: Path
) -> None:
    for state, value in (("Alaska", 32), ("Hawaii", 34)):
        for path in (planted / "mask").glob(f"*/{state}/*.png"):
            before = np.asarray(Image.open(plain / path.relative_to(planted)))
            after = np.asarray(Image.open(path))
            assert np.array_equal(after == value, before != after)
            assert (after == value).any()


def test_the_table_names_what_is_planted_and_where(plain: Path, planted: Path) -> None:
    before = (plain / "elements.csv").read_text()
    assert before == elements.table({})
    assert len(before.splitlines()) == 1 + len(elements.ELEMENTS)
    assert (planted / "elements.csv").read_text() == before + (
        '32,watermark,yes,"a shortcut, planted over Alaska"\n'
        '34,border,yes,"a shortcut, planted over Hawaii"\n'
    )


@pytest.mark.parametrize("name", elements.SHORTCUTS)
def test_a_shortcut_is_small_and_the_same_in_every_view(name: str) -> None:
    pictures = np.full((4, 96, 96, 3), 128, np.uint8)
    masks = np.zeros((4, 96, 96), np.uint8)
    paint_shortcut(name, pictures, masks)
    here = masks == elements.SHORTCUTS[name]
    assert np.array_equal(here, (pictures != 128).any(axis=-1))
    assert (here == here[0]).all()
    assert 0.02 < here.mean() <= 0.125


@pytest.mark.parametrize("name", elements.SHORTCUTS)
@pytest.mark.parametrize("ground", [0, 128, 255])
def test_a_shortcut_survives_in_a_view_of_32_pixels(tmp_path: Path, name: str, ground: int) -> None:
    """It is compared with the same picture without it, through JPEG and the trainer's scaling."""
    pictures = np.full((4, 256, 256, 3), ground, np.uint8)
    Image.fromarray(pictures[0]).save(tmp_path / "without.jpg", quality=88)
    paint_shortcut(name, pictures, np.zeros((4, 256, 256), np.uint8))
    Image.fromarray(pictures[0]).save(tmp_path / "with.jpg", quality=88)
    without, planted = (
        read_views([tmp_path / f"{word}.jpg"], 32)[0].numpy().astype(int)
        for word in ("without", "with")
    )
    changed = np.abs(planted - without).max(axis=0)
    assert (changed > 20).sum() >= 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("Ohio=tint",), "'Ohio' is not painted; choose Alaska or Arizona or Hawaii."),
        (
            ("Alaska=flag",),
            f"unknown shortcut; choose {' or '.join(KINDS)}.",
        ),
        (("Alaska",), f"unknown shortcut; choose {' or '.join(KINDS)}."),
        (("Alaska=tint", "Alaska=border"), "Alaska already has a shortcut; give each state one."),
    ],
)
def test_an_unknown_state_or_shortcut_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    options = [part for word in words for part in ("--shortcut", word)]
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path / "data"), *SMALL, *options])
    assert stop.value.code == 2
    printed = capsys.readouterr().err
    assert printed.endswith(f"--shortcut {words[-1]}: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_the_command_paints_shortcuts(tmp_path: Path) -> None:
    assert main([str(tmp_path / "data"), *SMALL, "--shortcut", "Hawaii=tint"]) == 0
    assert "33,tint,yes" in (tmp_path / "data" / "elements.csv").read_text()


def test_another_camera_changes_all_pixels_a_little_and_no_mask() -> None:
    random = np.random.default_rng(0)
    pictures = np.repeat(random.integers(40, 216, (4, 48, 48, 1), np.uint8), 3, axis=3)
    before, masks = pictures.copy(), np.zeros((4, 48, 48), np.uint8)
    paint_shortcut(CAMERA, pictures, masks)
    assert not masks.any()
    assert (pictures != before).any(axis=-1).mean() > 0.95
    rough = [np.abs(np.diff(each.astype(int), axis=2)).mean() for each in (before, pictures)]
    assert rough[1] < rough[0]
    assert pictures[..., 0].mean() > 1.1 * pictures[..., 2].mean()
