"""Scores of answers and the comparison of two models."""
