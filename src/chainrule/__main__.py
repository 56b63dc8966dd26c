"""python -m chainrule: the same as the command `chainrule`."""

import sys

from chainrule.cli import command

sys.exit(command())
