"""Planning of the arena: pure functions over intervals."""
