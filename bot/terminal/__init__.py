"""The commands a person types: what they print and how they end."""
