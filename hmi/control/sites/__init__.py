"""Several car parks in one control room: the wall of all, and the pages of each."""
