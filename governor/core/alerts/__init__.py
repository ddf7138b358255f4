"""What has to be said about money before somebody asks: when, to whom, in which words."""
