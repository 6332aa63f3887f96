"""hookgate: a declarative webhook gateway in one reviewable file."""

__version__ = "0.1.0"
