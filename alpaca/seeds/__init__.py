"""The tasks that generation starts from."""
