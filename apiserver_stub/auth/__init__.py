"""Who asks (certificates, tokens) and what they may do."""
