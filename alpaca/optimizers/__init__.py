"""Optimizers that torch does not have under one name."""
