"""`python -m workbench.extract RUN --data DIR --out FILE.h5`: from photographs to a store.

cli         options, and the summary that is printed
selection   which locations of a folder are extracted
task        the request, and what follows from it: model, batches, provenance
pipeline    decode, compute and buffer the batches, in one process or several
assembly    the store of a complete buffer
extraction  all of these in order, resuming an earlier start
"""

from workbench.extract.cli import main, parser
from workbench.extract.extraction import extract

__all__ = ["extract", "main", "parser"]
