"""Our side of a day and WeChat's side, and what differs between them."""
