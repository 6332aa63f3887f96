"""`python -m hookgate`."""

from hookgate.cli.main import main

main()
