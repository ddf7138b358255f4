"""One decision: request, snapshot, evaluate, plan, conclude."""
