"""What is made of a run: scores, films, pages, comparisons."""
