"""Converts values of any library to what the server stores: numbers, names, pictures, cells."""
