"""`python -m workbench.truth`."""

import sys

from workbench.truth.command import main

if __name__ == "__main__":
    sys.exit(main())
