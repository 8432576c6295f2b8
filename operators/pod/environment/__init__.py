"""What a container finds in its environment: variables, hosts file, names."""
