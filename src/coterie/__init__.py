"""Coterie: customer segments that are proven on later behaviour, explained and stable."""

__version__ = "0.1.0"
