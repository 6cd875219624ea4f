"""Behind `rights`: the register of rights in the database, and lines of it as people write them."""
