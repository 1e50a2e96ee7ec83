"""The gate: whether a candidate may be tried on members, and every figure that says so."""
