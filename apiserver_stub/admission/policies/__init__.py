"""ValidatingAdmissionPolicy and MutatingAdmissionPolicy: what they say of a request, and what follows from it."""
