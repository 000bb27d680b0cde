"""Folder trees: every photograph of a data folder is in a location, skipped, or spoken of."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.names import canonical_name
from tests.fuzz.inputs import NAMES, fuzz, result_or_sentence
from trainer.data.layout import Index, index_folder

VIEW = re.compile(r"(?s)(?!\._)(.+)_(0|90|180|270)\.jpe?g", re.IGNORECASE)
FOLDERS = NAMES.filter(
    lambda name: "/" not in name and "\0" not in name and name not in (".", "..")
)
FILES = st.one_of(
    st.builds(
        "{}_{}.{}".format,
        NAMES,
        st.sampled_from(["0", "90", "180", "270", "45", "00", "north"]),
        st.sampled_from(["jpg", "JPG", "jpeg", "png"]),
    ),
    st.sampled_from(["info.txt", "Thumbs.db", ".DS_Store", "._a_0.jpg", "a_0.jpg.tmp", "note"]),
    FOLDERS,
)
TREES = st.dictionaries(
    FOLDERS,
    st.tuples(
        st.lists(FILES, max_size=6),
        st.lists(NAMES, max_size=3),  # Complete locations.
        st.sampled_from([b"", b"a 1 2\n", b"\xff\xfea", b"a\n1 2\n"]),
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trees")


def touch(path: Path) -> None:
    """Write an empty file if a file system takes its name."""
    try:
        if path.parent.is_dir():
            path.touch()
    except (OSError, ValueError):  # A name with a NUL, a folder of this name.
        pass


@fuzz(2)
@given(tree=TREES, wrapped=st.booleans())
def test_a_tree_of_classes(
    root: Path, tree: dict[str, tuple[list[str], list[str], bytes]], wrapped: bool
) -> None:
    shutil.rmtree(root)
    data = root / "test_data" if wrapped else root
    data.mkdir(parents=True)
    for name, (files, locations, info) in tree.items():
        try:
            (data / name).mkdir()
        except (OSError, ValueError):
            continue
        views = [f"{one}_{degree}.jpg" for one in locations for degree in (0, 90, 180, 270)]
        for file in [*files, *views]:
            touch(data / name / file)
        if info:
            touch(data / name / "info.txt")
            if (data / name / "info.txt").is_file():
                (data / name / "info.txt").write_bytes(info)
    index = result_or_sentence(index_folder, root)
    if index is not None:
        check(index)


def check(index: Index) -> None:
    """Hold an index against the files below its root."""
    used = {image for location in index.locations for image in location.images}
    skipped = {image for item in index.skipped for image in item.images}
    names = " ".join(item.id for item in index.skipped)
    assert len({location.id for location in index.locations}) == len(index.locations)
    for location in index.locations:
        folders = {image.partition("/")[0] for image in location.images}
        assert [canonical_name(name) for name in folders] == [location.class_name]
        assert location.id.startswith(f"{location.class_name}/")
        for image, degree in zip(location.images, ("0", "90", "180", "270"), strict=True):
            view = VIEW.fullmatch(image.partition("/")[2])
            assert view is not None
            assert canonical_name(view[1]) == location.id.partition("/")[2]
            assert view[2] == degree
            assert (index.root / image).exists()
    for path in index.root.glob("*/*"):
        image = f"{path.parent.name}/{path.name}"
        view = VIEW.fullmatch(path.name)
        twin = view and any(
            f"{path.parent.name}/{view[1]}_{view[2]}.{suffix}" in used | skipped
            for suffix in ("jpg", "JPG", "jpeg", "JPEG")
        )
        assert not view or image in used | skipped or twin or repr(path.name) in names, image
