"""What can happen. Plain data of the standard library: a mapper on another machine reads it too."""
