"""Lay four photographs of each state of a painted data set side by side: DATA/test -> a picture.

`python scripts/contact_sheet.py painted/test docs/painted-country.jpg`
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

COLUMNS, SHOWN, TITLE, GAP = 5, 4, 16, 6


def sheet(split: Path, side: int = 112) -> Image.Image:
    """Return the first view of the first location, the second of the second ... of each state."""
    states = sorted(path for path in split.iterdir() if path.is_dir())
    rows = -(-len(states) // COLUMNS)
    wide, high = SHOWN * side + GAP, side + TITLE + GAP
    result = Image.new("RGB", (COLUMNS * wide - GAP, rows * high - GAP), "white")
    draw = ImageDraw.Draw(result)
    for number, state in enumerate(states):
        left, top = number % COLUMNS * wide, number // COLUMNS * high
        draw.text((left + 1, top + 1), state.name, fill="black", font_size=13)
        names = sorted({path.stem.rsplit("_", 1)[0] for path in state.glob("*.jpg")})
        for turn, name in enumerate(names[:SHOWN]):
            with Image.open(state / f"{name}_{(turn + number) % 4 * 90}.jpg") as photograph:
                small = photograph.resize((side, side), Image.Resampling.LANCZOS)
            result.paste(small, (left + turn * side, top + TITLE))
    return result


if __name__ == "__main__":
    sheet(Path(sys.argv[1])).save(sys.argv[2], quality=82)
