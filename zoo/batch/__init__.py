"""Lists for everybody in a file of any size: `menagerie recommend --users FILE --out FILE.parquet`.

source    a Parquet or CSV file, block by block
survey    the first reading: what items it names, and the limits of the chunks
chunks    the second one: everything of some people together, on disk
parts     the folder of a run: a part of the lists for each chunk; what is finished is not done again
run       the lists of every part, and the parts put together
progress  how far it is, for whoever watches
"""
