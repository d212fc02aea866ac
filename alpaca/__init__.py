"""Turn a base language model into an instruction follower: generate, curate, train, evaluate."""

__version__ = "0.1.0"
