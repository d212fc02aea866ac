"""Metrics as modules of Hugging Face `evaluate`, each a script that `evaluate.load` takes; none needs a network."""
