"""`python -m workbench.extract RUN --data DIR --out FILE.h5`: photographs into a store.

`command` reads the options, `selection` says which locations are meant, `extraction` runs the
model over them into a spool, alone or as one of several processes, and `assembly` makes the store
of the spool.
"""

from workbench.extract.cli import main, parser
from workbench.extract.extraction import extract

__all__ = ["extract", "main", "parser"]
