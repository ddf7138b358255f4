"""The HTTP door, through real HTTP."""
