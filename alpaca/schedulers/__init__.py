"""Learning rate over the steps of a run."""
