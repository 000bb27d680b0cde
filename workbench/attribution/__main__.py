"""`python -m workbench.attribution`."""

import sys

from workbench.attribution.compute.cli import main

if __name__ == "__main__":
    sys.exit(main())
