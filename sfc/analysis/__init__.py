"""What can be known of a circuit without running it: which population may fire in which phase."""
