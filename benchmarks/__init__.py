"""Each runs this project beside a peer, in turn, and prints ratios."""
