"""What the controllers of workloads share: their Pods, templates, replicas and revisions."""
