"""What a budget's period came to, once it is over."""
