"""Backtest, gain curves, bootstrap intervals, verdicts and tiers."""
