"""Routes, one file per verb; requests in, objects and metav1.Status out."""
