"""The command line's way in: `hookgate`, and `python -m hookgate`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line; exits with one of the codes in `hookgate.cli.exits`.

    Most commands end within a fraction of a second, a tenth of which would go into looking for
    garbage that there is not. `serve` collects it again.
    """
    gc.disable()
    from hookgate.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
