import csv
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InputError
from tests.challenge import DIRECTIONS, HEADER, challenge, row, write_table
from tests.examples import folder, photograph
from trainer.data import file_names, layout

NFD, NFC = "Leo\u0301n", "Le\u00f3n"


def test_index_is_sorted_and_complete(tmp_path: Path) -> None:
    index = layout.index_folder(folder(tmp_path / "data", ("Ohio", "New Mexico"), 3))
    assert index.class_names == ("New Mexico", "Ohio")
    assert [place.id for place in index.locations] == sorted(place.id for place in index.locations)
    assert index.locations[0].images == tuple(
        f"New Mexico/2015_-A_b1000_{degree}.jpg" for degree in (0, 90, 180, 270)
    )
    assert index.locations[0].latitude == pytest.approx(31.0)
    assert index.locations[1].longitude == pytest.approx(-90.01)


def test_the_wrapper_of_the_test_archive_is_looked_through(tmp_path: Path) -> None:
    folder(tmp_path / "archive" / "test_data", ("Ohio",), 2)
    assert len(layout.index_folder(tmp_path / "archive").locations) == 2


def test_info_may_name_views_or_be_absent(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 1)
    (root / "Iowa" / "info.txt").write_bytes(b"2015_-A_b1000_90.jpg \r 12.5 -3.25 \n")
    (root / "Ohio" / "info.txt").unlink()
    iowa, ohio = layout.index_folder(root).locations
    assert (iowa.latitude, iowa.longitude) == (12.5, -3.25)
    assert math.isnan(ohio.latitude)


def test_a_location_with_three_views_is_skipped_and_listed(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 3)
    (root / "Ohio" / "2015_-A_b0001_180.jpg").unlink()
    index = layout.index_folder(root)
    assert len(index.locations) == 2
    assert [(item.id, item.reason) for item in index.skipped] == [
        ("Ohio/2015_-A_b0001", "no view at heading 180")
    ]


@pytest.mark.slow
@given(
    name=st.from_regex(r"20[01][0-9]_[A-Za-z0-9_\-]{22}", fullmatch=True),
    degree=st.sampled_from(file_names.HEADINGS),
)
def test_any_pano_id_keeps_its_underscores(name: str, degree: int) -> None:
    stem, heading = file_names.parse_view_name(f"{name}_{degree}.jpg") or ("", -1)
    assert (stem, heading) == (name, degree)
    year, _, pano = name.partition("_")
    assert file_names.pano_id(f"New Hampshire/{year}_{pano}_{degree}.jpg") == pano


@pytest.mark.parametrize("name", ["readme.jpg", "2015_x_45.jpg", "_0.jpg", "2015_x_0.png"])
def test_other_files_are_no_views(name: str) -> None:
    assert file_names.parse_view_name(name) is None


@pytest.mark.parametrize("make", ["missing", "empty", "bare"])
def test_a_folder_without_locations_is_refused(tmp_path: Path, make: str) -> None:
    root = tmp_path / "data"
    if make != "missing":
        root.mkdir()
    if make == "bare":
        (root / "Ohio").mkdir()
    with pytest.raises(InputError, match=f"^{root}: "):
        layout.index_folder(root)


def test_of_two_files_for_one_view_the_same_is_taken_everywhere(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    (root / "Ohio" / "2015_-A_b0000_0.jpeg").write_bytes(b"")
    assert layout.index_folder(root).locations[0].images[0] == "Ohio/2015_-A_b0000_0.jpg"


def test_an_empty_class_folder_is_listed(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 2)
    (root / "Utah").mkdir()
    index = layout.index_folder(root)
    assert index.class_names == ("Iowa", "Ohio")
    assert [item.id for item in index.skipped] == ["Utah"]


def test_an_info_in_another_encoding_is_read(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    (root / "Ohio" / "info.txt").write_bytes(b"caf\xe9 \r 1 2 \n2015_-A_b0000 \r 41.5 -82.5 \n")
    assert layout.index_folder(root).locations[0].latitude == 41.5


@pytest.mark.parametrize(
    "info",
    [
        b"\xef\xbb\xbf2015_a b \r 1.5 -2 \n2015_c \r 3 4 \n",  # A byte order mark.
        "2015_a b 1,5 -2\r\n2015_c 3 4\r\n".encode("utf-16"),
        "2015_a b 1.5 -2\n2015_c 3 4".encode("utf-16-le"),
        b"2015_a b 1.5 -2\r2015_c 3 4\r",
        b"2015_a b \n\n 1.5 -2 \n2015_c \n 3 4 \n",  # DeepGeo's file, with converted line ends.
        b"2015_a b\r1.5 -2\r2015_c\r3 4",
        b"2015_a b 1.5 -2\r\xef\xbb\xbf2015_c 3 4\n",  # Two files, one after the other.
        b"2015_a b_90.jpg\t1.5\t-2\n\n2015_c_0.jpg 3 4",
    ],
)
def test_an_info_is_read_however_it_was_saved(tmp_path: Path, info: bytes) -> None:
    for name in ("a b", "c"):
        for degree in file_names.HEADINGS:
            photograph(tmp_path / "Ohio" / f"2015_{name}_{degree}.jpg", seed=0, size=8)
    (tmp_path / "Ohio" / "info.txt").write_bytes(info)
    index = layout.index_folder(tmp_path)
    assert [(place.latitude, place.longitude) for place in index.locations] == [(1.5, -2), (3, 4)]
    assert index.warnings == ()


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ("2015_x \r north west \n", "line 1 is not '<name> <latitude> <longitude>'; correct or"),
        ("a 1 2\n2015_x\n", "line 2 is not"),
        ("2015_x\n2015_y\n1 2\n", "line 1 is not"),
        ("1 2\n", "line 1 is not"),
        ("a 1 2\n\n3 4\n", "line 3 is not"),
        ("a 1 2\nb 1 187.5\n", "line 2 has an invalid coordinate '187.5', expected -180 to 180"),
        ("a -90.1 2\n", "line 1 has an invalid coordinate '-90.1', expected -90 to 90 degrees"),
        ("a inf 2\n", "line 1 has an invalid coordinate 'inf'"),
        ("a 1 2\na 1 2\na 1 3\n", "line 3 names a again, with other coordinates; correct"),
    ],
)
def test_a_broken_info_is_refused(tmp_path: Path, info: str, message: str) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    path = root / "Ohio" / "info.txt"
    path.write_bytes(info.encode())
    with pytest.raises(InputError) as error:
        layout.index_folder(root)
    assert str(error.value).startswith(f"{path}: {message}")


def test_names_in_an_info_without_a_photograph_are_counted(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 2)
    (root / "Ohio" / "info.txt").write_bytes(b"2015_x 1 2\n2015_-A_b0000 3 nan\n2015_y 5 6\n")
    index = layout.index_folder(root)
    assert index.warnings == (
        f"{root / 'Ohio' / 'info.txt'}: names without a photograph: 2 of 3, such as '2015_x'; "
        "correct them if coordinates are missing.",
    )
    # A latitude alone is no place.
    assert all(math.isnan(place.latitude) for place in index.locations[2:])


def test_views_of_one_location_with_several_coordinates_are_counted(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    path = root / "Ohio" / "info.txt"
    lines = "{0}_0.jpg 1 2\n{0}_90.jpg 1 3\n{0}_180.jpg 1 2\n{0} 1 4\n"
    path.write_text(lines.format("2015_-A_b0000"))
    index = layout.index_folder(root)
    assert index.warnings == (
        f"{path}: views of a location with other coordinates than its first: 2, such as "
        "'2015_-A_b0000_90.jpg'; those of the first are used.",
    )
    assert (index.locations[0].latitude, index.locations[0].longitude) == (1, 2)


def test_names_are_compared_in_one_form(tmp_path: Path) -> None:
    for degree in file_names.HEADINGS:
        photograph(tmp_path / NFD / f"2015_{NFD}_{degree}.jpg", seed=0, size=8)
    (tmp_path / NFD / "info.txt").write_text(f"2015_{NFC} 1 2\n", "utf-8")
    (place,) = layout.index_folder(tmp_path).locations
    assert (place.id, place.class_name, place.latitude) == (f"{NFC}/2015_{NFC}", NFC, 1)
    assert place.images[0] == f"{NFD}/2015_{NFD}_0.jpg"
    assert file_names.pano_id(place.images[0]) == NFC

    clash = tmp_path / NFD / f"2015_{NFC}_0.jpg"
    photograph(clash, seed=0, size=8)
    with pytest.raises(InputError, match=r"'2015_Leo\\u0301n' and '2015_Le\\xf3n' are the same"):
        layout.index_folder(tmp_path)
    clash.unlink()
    (tmp_path / NFC).mkdir()
    with pytest.raises(InputError, match=r"'Leo\\u0301n' and 'Le\\xf3n' are the same name"):
        layout.index_folder(tmp_path)


def test_hidden_files_of_macos_are_no_photographs(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    for path in list(root.glob("Ohio/*.jpg")):
        path.with_name(f"._{path.name}").write_bytes(b"")
    assert len(layout.index_folder(root).locations) == 1


def _folder_of_folders(root: Path) -> None:
    folder(root / "train")


def _other_names(root: Path) -> None:
    photograph(root / "Ohio" / "north.jpg", seed=0, size=8)
    (root / "Ohio" / "2015_x_0.png").write_bytes(b"")


def _incomplete(root: Path) -> None:
    photograph(root / "Ohio" / "2015_x_0.jpg", seed=0, size=8)


def _other_columns(root: Path) -> None:
    root.mkdir()
    (root / "labels.csv").write_text("image_north;image_east;image_south;image_west;class\n")


def _no_photographs(root: Path) -> None:
    (root / "Ohio").mkdir(parents=True)


@pytest.mark.parametrize(
    ("make", "contents"),
    [
        (_folder_of_folders, "folders inside its folders, such as train/New Mexico."),
        (
            _other_names,
            "JPEG files with other names (1), such as Ohio/north.jpg; "
            "images that are not JPEG files (1), such as Ohio/2015_x_0.png.",
        ),
        (
            _incomplete,
            "incomplete locations (1), such as Ohio/2015_x: no view at heading 90, 180, 270.",
        ),
        (_other_columns, "labels.csv, a table without the column state, latitude, longitude."),
        (_no_photographs, "folders without photographs (1)."),
        (Path.mkdir, "no photographs."),
    ],
)
def test_a_folder_without_locations_is_described(
    tmp_path: Path, make: Callable[[Path], None], contents: str
) -> None:
    make(tmp_path / "data")
    with pytest.raises(InputError) as error:
        layout.index_folder(tmp_path / "data")
    beginning = "no location with four views was found; the folder has"
    assert f"data: {beginning} {contents} Expected <folder>/<Class>/" in str(error.value)


@given(name=st.text(st.characters(codec="utf-8", exclude_characters="/\\0"), max_size=40))
def test_no_file_name_is_taken_for_two_things(name: str) -> None:
    view, sample = file_names.parse_view_name(name), file_names.parse_sample_name(name)
    assert view is None or sample is None
    for found in (view, sample):
        assert found is None or (name.startswith(f"{found[0]}_{found[1]}.") and name.isprintable())


def test_unicode_and_spaces_in_folder_names(tmp_path: Path) -> None:
    root = folder(tmp_path / "Straßen der Welt", ("Baden Württemberg", "北海道", "A  B"), 2)
    index = layout.index_folder(root)
    assert index.class_names == ("A  B", "Baden Württemberg", "北海道")
    assert all((root / name).is_file() for place in index.locations for name in place.images)


def test_the_photographs_of_a_skipped_location_are_named(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 2)
    (root / "Ohio" / "2015_-A_b0001_180.jpg").unlink()
    assert layout.index_folder(root).skipped[0].images == tuple(
        f"Ohio/2015_-A_b0001_{degree}.jpg" for degree in (0, 270, 90)
    )


def test_a_table_names_the_photographs(tmp_path: Path) -> None:
    index = layout.index_folder(challenge(tmp_path))
    assert index.class_names == ("Maine", "New York")
    assert [place.id for place in index.locations] == [
        "Maine/img_000000",
        "Maine/img_000002",
        "New York/img_000001",
        "New York/img_000003",
    ]
    assert index.locations[1].images == tuple(
        f"train_images/img_000002_{direction}.jpg" for direction in DIRECTIONS
    )
    assert (index.locations[1].latitude, index.locations[1].longitude) == (40.02, -100.02)
    assert index.skipped == ()
    assert file_names.pano_id(index.locations[1].images[0]) is None


def test_the_photographs_may_lie_beside_their_table(tmp_path: Path) -> None:
    for number, state in enumerate(("Maine", "Iowa")):
        for name in row(number, state)[1:5]:
            photograph(tmp_path / "test_data" / name, seed=number)
    table = tmp_path / "test_data" / "places.csv"
    write_table(table, [row(0, "Maine"), row(1, "Iowa")])
    index = layout.index_folder(tmp_path)
    assert index.root == tmp_path / "test_data"
    assert index.locations[0].images[0] == "img_000001_north.jpg"
    assert [place.class_name for place in index.locations] == ["Iowa", "Maine"]


def test_columns_may_be_more_and_in_any_order(tmp_path: Path) -> None:
    root = challenge(tmp_path)
    order = [8, 7, 5, 4, 3, 2, 1]
    write_table(
        root / "train_ground_truth.csv",
        [[*(row(0, "Maine")[column] for column in order), "a, b"]],
        [*(HEADER[column] for column in order), "note"],
    )
    text = (root / "train_ground_truth.csv").read_text()
    (root / "train_ground_truth.csv").write_text(text, encoding="utf-8-sig")
    (place,) = layout.index_folder(root).locations
    assert (place.id, place.latitude, place.longitude) == ("Maine/img_000000", 40.0, -100.0)


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding", "header"),
    [
        ("train_labels.csv", ";", "utf-8", HEADER),
        ("train_labels.tsv", "\t", "utf-8-sig", HEADER),
        ("train_labels.CSV", ",", "utf-16", HEADER),
        ("train_labels.csv", ",", "utf-16-be", HEADER),
        (
            "train_labels.txt",
            "|",
            "utf-8",
            [f" {name.title().replace('_', ' ')} " for name in HEADER],
        ),
    ],
)
def test_a_table_is_read_however_it_was_saved(
    tmp_path: Path, name: str, delimiter: str, encoding: str, header: Sequence[str]
) -> None:
    root = challenge(tmp_path, samples=2)
    expected = layout.index_folder(root)
    (root / "train_ground_truth.csv").unlink()
    with (root / name).open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        for cells in (header, row(0, "Maine"), row(1, "New York")):
            # A decimal comma, as spreadsheets write it where a semicolon separates columns.
            writer.writerow([*cells[:7], *(cell.replace(".", ",") for cell in cells[7:])])
    assert layout.index_folder(root) == expected


def test_names_in_a_table_are_compared_in_one_form(tmp_path: Path) -> None:
    images = [f"{NFD}_{direction}.jpg" for direction in DIRECTIONS]
    for image in images:
        photograph(tmp_path / image, seed=0, size=8)
    cells = ["0", *(f"{NFC}_{direction}.jpg" for direction in DIRECTIONS), NFD, "0", "1", "2"]
    write_table(tmp_path / "places.csv", [cells])
    (place,) = layout.index_folder(tmp_path).locations
    assert (place.id, place.images) == (f"{NFC}/{NFC}", tuple(images))


def test_a_photograph_that_the_table_names_and_is_not_there(tmp_path: Path) -> None:
    root = challenge(tmp_path)
    (root / "train_images" / "img_000002_east.jpg").unlink()
    index = layout.index_folder(root)
    assert len(index.locations) == 3
    (skipped,) = index.skipped
    assert (skipped.id, skipped.reason) == ("Maine/img_000002", "no photograph img_000002_east.jpg")
    assert len(skipped.images) == 3


def test_an_empty_coordinate_is_unknown(tmp_path: Path) -> None:
    root = challenge(tmp_path, samples=1)
    write_table(root / "train_ground_truth.csv", [[*row(0, "Maine")[:7], "", " "]])
    (place,) = layout.index_folder(root).locations
    assert math.isnan(place.latitude)
    assert math.isnan(place.longitude)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (7, "north", "line 3 has an invalid coordinate 'north', expected -90 to 90 degrees"),
        (8, "-181", "line 3 has an invalid coordinate '-181', expected -180 to 180 degrees"),
        (7, "inf", "line 3 has an invalid coordinate 'inf'"),
        (1, "../../x_north.jpg", "line 3 does not name <sample>_north.jpg"),
        (1, "/x_north.jpg", "line 3 does not name"),
        (1, "a\\x_north.jpg", "line 3 does not name"),
        (2, "img_000001_west.jpg", "line 3 does not name"),
        (3, "img_000007_south.jpg", "line 3 does not name"),
        (4, "", "line 3 does not name"),
        (5, "", "line 3 has an invalid state ''"),
        (5, "../Maine", "line 3 has an invalid state"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, column: int, value: str, message: str
) -> None:
    root = challenge(tmp_path)
    bad = row(1, "Ohio")
    bad[column] = value
    write_table(root / "train_ground_truth.csv", [row(0, "Maine"), bad])
    with pytest.raises(InputError) as error:
        layout.index_folder(root)
    assert str(error.value).startswith(f"{root / 'train_ground_truth.csv'}: {message}")
    assert str(error.value).endswith("; correct the file.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_north,state\n", "line 1 has no column image_east, image_south"),
        (",".join((*HEADER, "State ")), "line 1 has more than one column state"),
        (",".join(HEADER) + "\n0,a\n", "line 2 has more or fewer columns"),
        (",".join(HEADER) + "\n" + "1," * 12, "line 2 has more or fewer columns"),
        (",".join(HEADER) + '\n"a" b', "line 2 .* expected after"),
        (",".join(HEADER) + "\n" + ",".join(row(0, "Qu\u00e9bec")), "not UTF-8 text"),
        (
            "\n".join([",".join(HEADER), ",".join(row(0, "Ohio")), ",".join(row(0, "Utah"))]),
            "line 3 names img_000000 again",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    root = challenge(tmp_path)
    (root / "train_ground_truth.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=f"train_ground_truth.csv: {message}"):
        layout.index_folder(root)


def test_a_table_without_its_photographs_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "places.csv", [row(0, "Maine")])
    with pytest.raises(InputError, match=r"places.csv: its photographs are not beside it"):
        layout.index_folder(tmp_path)


def test_two_tables_are_refused(tmp_path: Path) -> None:
    root = challenge(tmp_path)
    write_table(root / "validation.csv", [row(0, "Maine")])
    with pytest.raises(InputError, match=r"train_ground_truth.csv and .*validation.csv: both"):
        layout.index_folder(root)


def test_two_layouts_are_refused(tmp_path: Path) -> None:
    root = folder(challenge(tmp_path), ("Ohio",), 1)
    with pytest.raises(InputError, match=r"train_ground_truth.csv and .*/Ohio: both"):
        layout.index_folder(root)


def test_a_table_beside_the_wrapper_is_refused(tmp_path: Path) -> None:
    challenge(tmp_path)
    folder(tmp_path / "test_data", ("Ohio",), 1)
    with pytest.raises(InputError, match=r"train_ground_truth.csv and .*/test_data: both"):
        layout.index_folder(tmp_path)


def test_two_folders_with_the_same_names_are_refused(tmp_path: Path) -> None:
    root = challenge(tmp_path)
    (root / "train_ground_truth.csv").rename(root / "labels.csv")
    with pytest.raises(InputError, match=r"/test_images and .*/train_images: both"):
        layout.index_folder(root)


def test_unusual_class_names_are_accepted_and_unprintable_ones_refused(
    tmp_path: Path,
) -> None:
    names = ("New\u00a0York", "\u0645\u06cc\u200c\u0646")
    root = folder(tmp_path, names, 2)
    assert set(layout.index_folder(root).class_names) == set(names)
    for name in ("tab\tx", os.fsdecode(b"\xff"), "back\\slash"):
        (root / name).mkdir()
        with pytest.raises(InputError, match="unprintable characters or a backslash; rename"):
            layout.index_folder(root)
        (root / name).rmdir()
