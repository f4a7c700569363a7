"""One file or folder per platform: platform event in, :class:`Incoming`; Reply out."""
