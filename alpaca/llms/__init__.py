"""What completes a text."""
