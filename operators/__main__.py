"""Run operators: python -m operators [NAME…] --kubeconfig FILE."""

from operators._kube import command

raise SystemExit(command.main())
