"""What a run captures by itself: its environment, its console output, and the machine's load."""
