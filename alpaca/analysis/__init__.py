"""What a set of instructions is like, in numbers."""
