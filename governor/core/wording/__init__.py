"""What policies say, in words: the one place from which the plan, the handbook and messages about policies speak."""
