"""A script that becomes a command, as a shell would start it: becoming.py COMMAND [ARGUMENT...]."""

import os
import signal
import sys

signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - a shell is what it stands for
