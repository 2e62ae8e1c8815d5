"""Real time: what happens comes in, is counted at once, and who changes segment is told."""
