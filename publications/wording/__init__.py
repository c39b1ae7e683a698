"""Figures, headlines and sentences that dashboard and report share."""
