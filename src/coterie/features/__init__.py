"""Measures, features and the matrix: what is known about each customer as of a date."""
