"""Sets too large to be decoded beforehand: tar files of pictures (WebDataset's layout), read as they are shown."""
