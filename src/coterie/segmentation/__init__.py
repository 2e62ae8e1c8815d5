"""Groups of customers: algorithms, the choice between them, and ids that last."""
