"""Speed and survival, measured: one file per hot path, each beside its peer or its control."""
