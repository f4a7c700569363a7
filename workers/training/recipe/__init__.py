"""The recipe of the bundled model: its numbers, its data and its stages."""
