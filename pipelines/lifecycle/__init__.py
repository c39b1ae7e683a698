"""The champion: evidence, promotion, demotion and the training log."""
