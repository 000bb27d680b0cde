"""`python -m trainer RUN --data DIR`: train a model into a folder."""

import argparse
import dataclasses
import sys
from pathlib import Path

from trainer.command import refusing
from trainer.config import DEFAULT_PRESET, PRESETS, Config, option


def parser() -> argparse.ArgumentParser:
    """Return the command's options: one for each field of the configuration."""
    result = argparse.ArgumentParser(
        prog="python -m trainer",
        description="Train a four-view ResNet-50 on a folder of photographs. RUN receives "
        "config.json, best.json and last.json with their weights, steps.csv, epochs.csv and "
        "skipped.csv.",
    )
    result.add_argument("run", metavar="RUN", type=Path, help="folder to train into")
    result.add_argument(
        "--data", metavar="DIR", type=Path, required=True, help="folder of class folders"
    )
    result.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default=DEFAULT_PRESET,
        help="where the other options start from (default: %(default)s)",
    )
    result.add_argument(
        "--resume",
        action="store_true",
        help="go on after the last whole epoch in RUN, or start where there is none",
    )
    group = result.add_argument_group("training", "values in brackets: preset by preset")
    for item in dataclasses.fields(Config):
        values = {name: getattr(PRESETS[name], item.name) for name in sorted(PRESETS)}
        different = len(set(values.values())) > 1
        default = ", ".join(f"{k}: {v}" for k, v in values.items()) if different else item.default
        group.add_argument(
            option(item.name),
            type=type(item.default),
            choices=item.metadata.get("choices"),
            metavar=None if "choices" in item.metadata else type(item.default).__name__.upper(),
            help=f"{item.metadata['help']} [{default}]".replace("%", "%%"),
        )
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    options = vars(command.parse_args(arguments))
    run, data, preset, resume = (options.pop(name) for name in ("run", "data", "preset", "resume"))
    # Importing torch takes seconds; --help and a wrong option should not.
    from trainer.loop import train

    with refusing(command.prog, "--resume goes on after the last whole epoch"):
        chosen = {name: value for name, value in options.items() if value is not None}
        config = dataclasses.replace(PRESETS[preset], **chosen)
        best = train(run, data, config, preset=preset, resume=resume)
    print(
        f"Best epoch {best.epoch}: top-1 {best.metrics['top_1']:.1%}, "
        f"top-5 {best.metrics['top_5']:.1%} on validation -> {run / 'best.json'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
