"""What one version of the policies says differently from another: in words, and whom that concerns."""
