"""Exceptions: asked for, decided, granted, ended, on every database."""
