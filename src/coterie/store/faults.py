"""Points at which a test can kill the process: every write, rename and commit has one.

Nothing happens unless ``COTERIE_FAULT_AT`` holds a number; then the process ends
at that point as hard as if the machine had lost power, which is how the promise
"nothing half-written" is tested.
"""

from __future__ import annotations

import itertools
import os

_numbers = itertools.count(1)


def point() -> None:
    """Count one point passed, and end the process if it is the chosen one."""
    if os.environ.get("COTERIE_FAULT_AT") == str(next(_numbers)):
        os._exit(137)
