"""One operator per Kubernetes kind; they know machines and kinds, not each other."""
