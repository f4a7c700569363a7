"""What can be wrong with a language pack."""


class PackError(Exception):
    """A pack cannot be used, installed or removed; the message is for the operator."""
