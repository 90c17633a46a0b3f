"""Models that tests build or read."""
