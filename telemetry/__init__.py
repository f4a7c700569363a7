"""Logging, alike for the bot and the workers."""
