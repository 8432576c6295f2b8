"""Virtual machines for tests: a whole kernel of its own, for what namespaces on a borrowed one cannot show."""
