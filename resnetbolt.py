"""The console command: `resnetbolt COMMAND ...`, one command for each stage."""

import signal
import sys
from importlib import import_module

from common import startup
from common.streams import end_with_reader, print_error

COMMANDS = {
    "synthesize": ("trainer.synthetic.__main__", "paint photographs of made-up states"),
    "prepare": ("trainer.data.prepare.__main__", "check a folder of photographs and index it"),
    "train": ("trainer.__main__", "train a four-view model"),
    "sweep": ("trainer.sweep.__main__", "search for good hyper-parameters"),
    "compare": ("trainer.sweep.compare", "train several settings and compare them"),
    "extract": (
        "workbench.extract.__main__",
        "write a model's features and predictions into a store",
    ),
    "inspect": ("workbench.store.__main__", "show what a store holds, and verify it"),
    "project": ("workbench.project", "add PCA, t-SNE and UMAP projections to a store"),
    "transform": ("workbench.projections.transform", "place a store into another's projections"),
    "evaluate": (
        "workbench.evaluation.__main__",
        "measure accuracy, distances, calibration and leakage",
    ),
    "attribute": ("workbench.attribution.__main__", "explain many locations into a file"),
    "ground-truth": (
        "workbench.attribution.ground_truth.__main__",
        "compare attribution methods with painted ground truth",
    ),
    "convert": ("workbench.interchange.__main__", "read and write other programs' formats"),
    "export": ("workbench.export.__main__", "write the figures and tables of a paper"),
    "open": ("app", "show a store in the browser"),
    "quiz": ("workbench.quiz.__main__", "compare the people of the quiz with the model"),
}
"""The module of each command, whose `main` runs it, and what it does, in the order of use."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status: 2 for an unknown command.

    Only the command's own module is imported: `resnetbolt --help` needs none of the libraries.
    """
    name, *arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        return _print(usage())
    if name == "--version":
        from importlib.metadata import version

        return _print(f"resnetbolt {version('resnetbolt-workbench')}")
    if name not in COMMANDS:
        from difflib import get_close_matches

        hint = "".join(f"did you mean {match}? " for match in get_close_matches(name, COMMANDS, 1))
        print_error(f"resnetbolt: no such command: {name!r}; {hint}`resnetbolt --help` lists them.")
        return 2
    # Importing a command takes up to some seconds; then it handles signals by itself.
    handlers = {number: signal.getsignal(number) for number in startup.SIGNALS}
    startup.exit_on_signals(f"resnetbolt {name}")
    command = import_module(COMMANDS[name][0])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    status: int = command.main(arguments, prog=f"resnetbolt {name}")
    return status


def _print(text: str) -> int:
    """Print a text and return the exit status."""
    try:
        with end_with_reader():
            print(text)
    except OSError as error:
        from common.system_errors import explain

        print_error(f"resnetbolt: {explain(error)}.")
        return 2
    return 0


def usage() -> str:
    """Return the text of `resnetbolt --help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: resnetbolt COMMAND ...",
            "",
            "Train four-view geolocation models and explain what they look at.",
            "",
            "commands, in the order of use:",
            *lines,
            "",
            "Run any command with --help for its options; --version prints the version.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
