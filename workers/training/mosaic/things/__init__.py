"""The project's own words for things, a file for each language: English, then the words for it."""
