"""Back end B: from a frame to plate guesses."""
