"""Who writes the instruction data."""
