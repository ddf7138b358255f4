"""The door of time: what happens as the clock moves, whoever asks."""
