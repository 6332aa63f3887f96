"""The faults hookgate raises.

What can be expected to happen (a rejected delivery, a duplicate, a failed attempt, a mistake in
the rules file) is a value. An exception means that something could not be done at all::

    HookgateError
    ├── StoreError              the store could not do what was asked
    │   ├── StoreInUse          another gateway holds this store
    │   ├── StoreFormatError    the file is not a store that this version can read
    │   └── StoreUnavailable    it cannot write now: disk full, I/O error, closed
    └── EvaluationError         a condition could not be evaluated for this event
"""

from __future__ import annotations


class HookgateError(Exception):
    """The root of every fault that hookgate raises on purpose."""


class StoreError(HookgateError):
    """The store could not do what was asked."""


class StoreInUse(StoreError):  # noqa: N818 - it names the state of affairs, as the message does
    """Another gateway holds this store."""


class StoreFormatError(StoreError):
    """The file is not a store, or one of a version that this hookgate cannot read."""


class StoreUnavailable(StoreError):  # noqa: N818 - it names the state of affairs
    """The store cannot write at present (disk full, I/O error, closed); nothing was recorded."""


class EvaluationError(HookgateError):
    """A condition could not be evaluated for this event; the message says why."""
