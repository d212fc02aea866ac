"""What a training will need, by arithmetic alone: nothing here imports torch."""
