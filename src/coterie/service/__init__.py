"""Coterie as a server: projects over HTTP, and workers for what takes long.

The answers come from the same calls as those of the command line; nothing is computed here.
"""
