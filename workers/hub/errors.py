"""What can go wrong while a model is fetched."""

from __future__ import annotations


class HubError(Exception):
    """A model cannot be fetched; the message is for the operator."""


class HubUnreachableError(HubError):
    """There is no way to the hub, or it does not answer."""
