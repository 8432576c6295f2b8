"""Parts of every object: selectors, names, patches, errors."""
