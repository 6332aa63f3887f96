"""hookgate: a declarative webhook gateway in one reviewable file."""

TYPE_CHECKING = False  # as type checkers have it; typing takes milliseconds to import
if TYPE_CHECKING:
    from hookgate.handlers import Event, RetryLater

__version__ = "0.1.0"

__all__ = ["Event", "RetryLater", "__version__"]


def __getattr__(name: str) -> object:
    """What is for authors of functions, imported when it is asked for: commands have no use for it.

    Start-up time is a feature of every command.
    """
    if name in __all__:
        from hookgate import handlers

        return getattr(handlers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
