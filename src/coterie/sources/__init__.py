"""Rows in: files, databases and samples, read in bounded memory."""
