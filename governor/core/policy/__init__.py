"""The typed values of every policy kind, and how they are matched and found."""
