"""What the pages show for a notebook runs as written."""

import re
from pathlib import Path

import pytest
import torch

from workbench.explanation import Attribution

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("page", ["README.md", "docs/attribution.md"])
def test_the_example_runs_as_written(page: str, trained: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S)
    assert blocks
    generator = torch.Generator().manual_seed(0)
    views = torch.randint(0, 256, (4, 3, 32, 32), generator=generator, dtype=torch.uint8)
    from trainer import checkpoint

    names: dict[str, object] = {
        "run": trained,
        "views": views,
        "model": checkpoint.load(trained)[0],
    }
    for block in blocks:
        exec(block, names)
    made = names["made"]
    assert isinstance(made, Attribution)
    assert made.map.shape == (4, 32, 32)
