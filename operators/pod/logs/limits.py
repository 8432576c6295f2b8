"""How much of its logs a container keeps: kubelet's containerLogMaxSize and containerLogMaxFiles."""

MAX_SIZE = 10 << 20  # bytes of a file from which on it is rotated
MAX_FILES = 5  # of one run, the one being written among them
MAX_RUNS = 2  # the present run and the one before it, which `kubectl logs --previous` shows
