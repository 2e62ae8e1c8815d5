"""What to offer whom: products, offers, the plan, and what it brought."""
