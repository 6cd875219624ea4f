"""Stand-ins for the world that billing meets. The product never imports them."""
