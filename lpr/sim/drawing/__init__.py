"""How plates, cars and what spoils their pictures are drawn."""
