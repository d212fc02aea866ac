"""The project's own tasks, word lists and page templates."""
