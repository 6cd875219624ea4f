"""`daozha support`: one file for whoever helps from afar, with everything about the server and nothing about people."""
