"""What the pages show for a notebook runs as written."""

import re
from pathlib import Path

from workbench.attribution.result import Attribution

ROOT = Path(__file__).parents[4]


def test_the_example_runs_as_written(trained: Path, test_folder: Path) -> None:
    page = (ROOT / "docs" / "background" / "attribution.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) == 2
    first = next(test_folder.rglob("*_0.jpg"))
    code = "\n".join(blocks)
    code = code.replace(
        '"Ohio" / "2015_4kWbFTpnV9Q"', repr(f"{first.parent.name}/{first.stem[:-2]}")
    )
    names: dict[str, object] = {"run": trained, "data": test_folder}
    exec(code, names)
    made = names["attribution"]
    assert isinstance(made, Attribution)
    assert made.values.shape == (4, 32, 32)
