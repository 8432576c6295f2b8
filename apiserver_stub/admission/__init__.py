"""Admission: what a request is judged by after authorization, one module per plug-in, named as upstream's."""
