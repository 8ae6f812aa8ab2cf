"""Work in the background, in processes of its own."""
