"""Fixtures of a model server."""

from served import process, server

__all__ = ["process", "server"]
