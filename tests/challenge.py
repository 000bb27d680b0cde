"""Small data in the layout of the course challenge: a table that names the photographs."""

import csv
from collections.abc import Sequence
from pathlib import Path

from tests.examples import photograph

DIRECTIONS = ("north", "east", "south", "west")
HEADER = (
    "sample_id",
    *(f"image_{direction}" for direction in DIRECTIONS),
    "state",
    "state_idx",
    "latitude",
    "longitude",
)


def row(number: int, state: str) -> list[str]:
    """Return the row of a sample."""
    images = [f"img_{number:06d}_{direction}.jpg" for direction in DIRECTIONS]
    return [str(number), *images, state, "0", f"{40 + number / 100}", f"{-100 - number / 100}"]


def write_table(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> None:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def challenge(
    root: Path, states: Sequence[str] = ("Maine", "New York"), samples: int = 4, size: int = 64
) -> Path:
    """Write the folder as the public archive unpacks, samples of the states by turns."""
    rows = [row(number, states[number % len(states)]) for number in range(samples)]
    for number, line in enumerate(rows):
        for view, name in enumerate(line[1:5]):
            photograph(root / "train_images" / name, seed=4 * number + view, size=size)
    # The numbers of the test samples start again.
    for name in rows[0][1:5]:
        photograph(root / "test_images" / name, seed=99, size=size)
    write_table(root / "train_ground_truth.csv", rows)
    write_table(
        root / "sample_submission.csv",
        [[*rows[0][:5], "0"]],
        [*HEADER[:5], "predicted_state_idx_1"],
    )
    write_table(root / "state_mapping.csv", [["Maine", "0"]], ["state", "state_idx"])
    return root
