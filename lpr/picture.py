"""What a picture is, for all who handle one. Whoever only covers or copies pictures needs no network for it."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height x width x 3, BGR."""
