"""A witness: it cosigns the checkpoints of logs that it was told to watch, each only if it continues the one before."""
