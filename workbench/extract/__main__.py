"""`python -m workbench.extract`."""

import sys

from workbench.extract.cli import main

if __name__ == "__main__":
    sys.exit(main())
