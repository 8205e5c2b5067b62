"""The real servers that the end-to-end tests run against, and where they come from."""
