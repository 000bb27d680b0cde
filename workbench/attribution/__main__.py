"""`python -m workbench.attribution FILE.h5 --out FILE`: options, and how it ends."""

import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from common.cli import cli_errors, parse
from common.errors import InputError
from common.files import resolve_link
from common.text import print_text
from common.validation import validate
from workbench.attribution.batch_request import BatchRequest

if TYPE_CHECKING:
    from workbench.attribution.attribution_file import AttributionFile


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.attribution") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted="run the same command again to resume"):
        options = parse(BatchRequest, arguments, prog)
        validate(options.request)
        if not options.out.name:
            raise InputError(f"--out {str(options.out)!r}: name a file.")
        # Importing torch takes seconds; --help and a wrong option should not.
        from common import distributed
        from workbench import store as stores
        from workbench.attribution.compute.batch_job import run_batch_job
        from workbench.attribution.explainer import open_explainer
        from workbench.store import provenance

        with distributed.process_group():
            store = stores.read(options.store)
            photographs = provenance.photographs(store, options.data)
            explainer = open_explainer(store, photographs, options.run)
            # What a link leads to is replaced, not the link.
            job = replace(options, out=resolve_link(options.out))
            file = run_batch_job(job, store, explainer)
            if distributed.current_processes().is_main:
                print_text(summary(file))
    return 0


def summary(file: "AttributionFile") -> str:
    """Return what a file contains, as lines of text."""
    import numpy as np
    from tqdm import tqdm

    from workbench.attribution.aggregation import bootstrap_interval
    from workbench.attribution.verdict import LABELS, verdict
    from workbench.store import HEADINGS

    lines = [f"{len(file)} locations explained, {len(file.failures)} failed -> {file.path}"]
    converged, gradients = file.dataset("/converged"), file.dataset("/cost/gradients")
    integrals = int((converged >= 0).sum())
    if integrals:
        lines.append(f"converged: {int((converged > 0).sum())} of {integrals}")
    lines.append(
        f"gradient evaluations: {np.median(gradients):.0f} (median), {gradients.max()} at most"
    )
    shares = file.dataset("/view_share")
    means = zip(HEADINGS, shares.mean(axis=0), bootstrap_interval(shares), strict=True)
    texts = (f"{name} {mean:.0%} ({low:.0%} to {high:.0%})" for name, mean, (low, high) in means)
    lines.append(f"share of each view: {', '.join(texts)}")
    if file.checked:
        labels = Counter(
            verdict(attribution).label for attribution in tqdm(file, "Judging", len(file), delay=2)
        )
        lines.append("verdicts: " + ", ".join(f"{labels[label]} {label}" for label in LABELS))
    lines += [f"  not explained: {name}: {reason}" for name, reason in file.failures]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
