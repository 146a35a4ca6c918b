"""What is kept: tables, views, the rights of each database account, and the migrations that make them."""
