"""How objects of each kind are written: one generic path, one small strategy per kind."""
