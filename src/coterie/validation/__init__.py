"""From raw rows to canonical tables: nothing lost, every refusal counted and explained."""
