"""The Common Expression Language as Kubernetes speaks it: parsing, type checking, evaluation, cost."""
