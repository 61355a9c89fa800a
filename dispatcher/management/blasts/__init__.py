"""What `dispatcher blast` reads from its arguments (`given`) and says about a blast (`told`)."""
