from browsers import browser, launched, opened

__all__ = ["browser", "launched", "opened"]
