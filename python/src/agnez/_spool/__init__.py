"""The spool: the folder in which every call puts its record before anything is sent."""
