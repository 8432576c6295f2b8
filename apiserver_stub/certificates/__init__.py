"""The signers kubernetes.io/*: who gets a certificate of the node's CA by CertificateSigningRequest, and for what."""
