"""Prompt templates as pure functions."""
