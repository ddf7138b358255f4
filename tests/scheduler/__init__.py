"""What happens as the clock moves."""
