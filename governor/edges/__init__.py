"""Who calls us: HTTP and the command line. Doors never import each other."""
