"""Providers' own usage objects: what each of their counts includes, and what it is in our convention."""
