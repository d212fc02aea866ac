"""What `python -m benchmarks.gpu` measures on one card; nothing here needs one to be rehearsed."""
