"""`python -m workbench.attribution.ground_truth`."""

import sys

from workbench.attribution.ground_truth.cli import main

if __name__ == "__main__":
    sys.exit(main())
