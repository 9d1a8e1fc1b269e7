"""What lies on a disk: paths that users name, the one writer of files and folders, JSON that may be damaged."""
