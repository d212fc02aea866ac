"""Show what came out of a run: one page for people, one table for the terminal."""
