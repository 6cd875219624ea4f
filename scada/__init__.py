"""The plant: tags, lanes, history and the processes that run a car park."""
