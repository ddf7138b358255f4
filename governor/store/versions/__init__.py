"""The schema's history, one file a step. They live in the package so that an installed Governor can migrate."""
