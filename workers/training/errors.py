"""What can go wrong in training, said so that the person at the terminal knows what to do."""


class TrainingError(Exception):
    """Something stopped a training command; the message is meant for the person who ran it."""


class DataError(TrainingError):
    """The training data cannot be fetched or read."""


class ModelError(TrainingError):
    """A model folder is damaged, foreign, or made for another embedding space."""


class RunError(TrainingError):
    """A run folder cannot be continued as asked."""
