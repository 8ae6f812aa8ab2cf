"""How the players take turns: one file for each kind of step."""
