"""`python -m edgegen` is the command `edgegen`."""

import sys

from edgegen.cli import main

sys.exit(main())
