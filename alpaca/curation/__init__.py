"""Filters and deduplication."""
