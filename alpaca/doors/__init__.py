"""Where rows come from, and the other formats they leave in."""
