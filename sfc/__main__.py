"""``python -m sfc``."""

from sfc.cli import main

if __name__ == "__main__":
    main()
