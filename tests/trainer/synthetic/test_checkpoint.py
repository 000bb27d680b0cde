"""`make checkpoint` on a small scale: fewer states and the tiny model of the tests."""

from pathlib import Path

import pytest

import trainer.synthetic.__main__ as painting
from trainer import checkpoint as checkpoints
from trainer.synthetic.checkpoint import main


@pytest.mark.slow
@pytest.mark.spawn
def test_it_paints_trains_rounds_and_measures_and_again_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paint = painting.main
    small = ["--states", "3", "--image-size", "32", "--num-workers", "1"]
    monkeypatch.setattr(painting, "main", lambda words: paint([*words, *small]))
    out = tmp_path / "given" / "country"
    words = ["--data", str(tmp_path / "data"), "--run", str(tmp_path / "run"), "--out", str(out)]
    words += ["--train", "4", "--test", "2", "--image-size", "32", "--epochs", "1"]
    assert main([*words, "--num-workers", "1"]) == 0
    said = capsys.readouterr().out
    checkpoint = checkpoints.read(out)
    assert f"{out}: top-1 {checkpoint.test_metrics['top_1']:.1%}" in said
    assert checkpoint.test_metrics["locations"] == 6
    assert checkpoint.config.precision == "float32"
    assert [command.split()[2] for command in checkpoint.commands] == [
        "trainer.synthetic",
        "trainer",
    ]
    # Finished work is found, and the checkpoint is written again.
    assert main([*words, "--num-workers", "1"]) == 0
    assert capsys.readouterr().out.count("was finished by an earlier start of this command") == 2
    assert checkpoints.read(out).test_metrics == checkpoint.test_metrics
