"""``python -m isrgen.cli``: the same as the ``isrgen`` command."""

import sys

from isrgen.cli.run import main

if __name__ == "__main__":
    sys.exit(main())
