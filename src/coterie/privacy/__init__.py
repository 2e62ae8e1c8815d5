"""What is known of a person: keys, disclosure, fairness, and how she is forgotten."""
