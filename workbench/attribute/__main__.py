"""`python -m workbench.attribute`."""

import sys

from workbench.attribute.command import main

if __name__ == "__main__":
    sys.exit(main())
