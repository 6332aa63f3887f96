"""Functions for the rules files of the tests. Nothing here is run."""

from functools import cache
from json import dumps as imported

chosen = print

if chosen:

    def conditional(key):
        return key


def whole(event):
    return event


def named(key, priority="low"):
    return key, priority


def mixed(event, *, key, **others):
    return event, key, others


async def later(key, title):
    return key, title


def positional(key, /):
    return key


@cache
def decorated(anything):
    return anything
