"""Run this operator alone: python -m operators.replicationcontroller --kubeconfig FILE."""

from operators._kube import command

raise SystemExit(command.alone(__package__))
