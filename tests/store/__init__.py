"""Tests of what is stored and read."""
