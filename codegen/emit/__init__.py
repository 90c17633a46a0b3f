"""C out of a planned graph."""
