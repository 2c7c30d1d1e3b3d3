"""Evidence → verdict: where a missing file or pack can be had, or why that is not settled."""
