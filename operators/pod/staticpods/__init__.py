"""Static Pods: what stands in files of a folder runs, with an API server or without one."""
