"""Governor: policy-as-code governance for AI token budgets."""

__version__ = "0.1.0"
