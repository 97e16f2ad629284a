"""A zoo that lies elsewhere, kept as a folder here: fetched piece by piece, checked, and never shown half.

source.py   files at an address, through fsspec: read bit by bit, never more than was announced
index.py    what there is: INDEX.json on a web server, which lists nothing; a listing elsewhere
mirror.py   the folder here, and how it follows what is published there
"""
