"""The MaineCare notification and subscription dispatcher. README.md tells the words and the path; the folders are the path."""
