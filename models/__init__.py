"""Arrays and frames in, arrays and frames out: score, baselines, gain curves, tiers."""
