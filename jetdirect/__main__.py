"""C{python -m jetdirect} is the command C{jetdirect}."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
