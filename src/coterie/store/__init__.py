"""What is kept: runs as folders, the registry of models and segment ids."""
