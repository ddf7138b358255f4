"""Tests of Governor; a package so that helpers can be imported by their path."""
