"""Examples to token batches."""
