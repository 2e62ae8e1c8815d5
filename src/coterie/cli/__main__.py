"""``python -m coterie.cli`` is ``coterie``."""

from coterie.cli import main

main()
