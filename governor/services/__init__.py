"""What we do: one verb per file, `now` passed in."""
