"""The demo: real kubectl, two Deployments, and a look at what became of them."""
