"""`python -m remedy VERB`, also installed as `remedy`: what an operator does by hand."""

import sys

from remedy.commands import main

if __name__ == "__main__":
    sys.exit(main())
