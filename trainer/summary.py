"""The summary of a run that the command prints at its end."""

from pathlib import Path

from common.text import columns
from trainer.checkpoint import Checkpoint

COLUMNS = 3


def lines(run: Path, best: Checkpoint, last: Checkpoint) -> list[str]:
    """Return the summary as lines of text: best epoch, scores, time, per-class accuracy."""
    metrics = best.metrics
    result = [
        f"Best epoch {best.epoch} of {last.epoch}: top-1 {metrics['top_1']:.1%}, "
        f"top-5 {metrics['top_5']:.1%} on validation, {duration(last.seconds)} in all "
        f"-> {run / 'best.json'}"
    ]
    if "view_top_1" in metrics:
        result.append(
            f"Single views: top-1 {metrics['view_top_1']:.1%}, top-5 {metrics['view_top_5']:.1%}"
        )
    result.append("Top-1 by class, best first:")
    accuracies = sorted(best.per_class_top_1.items(), key=lambda item: (-item[1], item[0]))
    width = max(map(columns, best.class_names))
    cells = [
        f"{name}{' ' * (width - columns(name))} {accuracy:6.1%}" for name, accuracy in accuracies
    ]
    rows = -(-len(cells) // COLUMNS)
    result += ["  " + "   ".join(cells[row::rows]) for row in range(rows)]
    return result


def duration(seconds: float) -> str:
    """Format a duration in hours, minutes and seconds, such as 1 h 02 min 03 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min {rest:02d} s"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
