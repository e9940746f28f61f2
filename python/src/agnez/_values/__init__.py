"""ImageArray of any library as what the server stores: numbers, names, pictures and the documents of cells."""
