"""What processes that use Ray are told before they import it."""

__all__ = ["QUIET"]

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""It reports to nobody, and does not warn of its own future."""
