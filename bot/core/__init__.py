"""The platform-neutral heart of the bot: standard library only."""
