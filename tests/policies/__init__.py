"""Policies from a real git repository, through the server, its webhook and the command line."""
