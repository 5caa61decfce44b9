"""`python -m counting FILE`: see counting/command.py."""

import sys

from counting.command import main

sys.exit(main(sys.argv[1:]))
