"""Where tables are computed: one SQL, several engines."""
