"""Rules of the kinds in node.k8s.io."""
