"""What is true: values and rules. Standard library only, no clock, no IO."""
