"""The command `l2s`: also `python -m l2s`."""

from l2s.cli import main

if __name__ == "__main__":
    main()
