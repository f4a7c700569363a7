"""Measuring a model: recall, reciprocal rank and time, as JSON and as the model card's tables."""
