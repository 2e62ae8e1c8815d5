"""What a segment is: profile, name, charts and the report."""
