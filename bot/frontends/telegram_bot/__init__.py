"""The Telegram bot: python-telegram-bot over the shared core."""

from bot.frontends.telegram_bot.connection import TelegramBot, create

__all__ = ["TelegramBot", "create"]
