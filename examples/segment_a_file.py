"""Segment a file of orders and print what a marketer asks first.

Run it with a file of your own: ``python examples/segment_a_file.py orders.csv``.
"""

from __future__ import annotations

import sys

import coterie


def main(path: str) -> None:
    """Print name, size and share of value of each segment."""
    run = coterie.segment(path)
    for segment in run.segments:
        print(f"{segment['name']:<28}{segment['n']:>8,}{segment['value_share']:>8.0%}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "orders.csv")
