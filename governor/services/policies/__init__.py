"""From policies in a folder or in a repository to the snapshot that decides."""
