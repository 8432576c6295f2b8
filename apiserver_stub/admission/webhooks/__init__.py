"""Admission webhooks: other programs that may change requests or refuse them."""
