"""What lanes show and say: texts of the site, and the displays and boards that tell them."""
