"""`python -m counting FILE`: see counting/command.py."""

import sys

from counting.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
