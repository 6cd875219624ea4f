"""`python -m lpr.models`: what set-up runs to get the reader's files. Needs nothing but Python and pip."""

import sys

from lpr.models import ModelError
from lpr.models.fetch import fetch

if __name__ == "__main__":
    try:
        fetch()
    except (ModelError, OSError) as error:
        sys.exit(str(error))
