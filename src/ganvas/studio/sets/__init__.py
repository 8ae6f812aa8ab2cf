"""Sets of pictures: what is dropped, what a person changed about it, what trains."""
