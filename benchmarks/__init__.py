"""The figures that decide whether Coterie keeps its word, each by one command."""
