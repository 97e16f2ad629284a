"""Training that somebody asked for in the app: a private folder each, a process of its own, a queue.

    asked.py    what is asked (Reading, Request), how a job stands (State)
    job.py      one job as a folder, for whoever knows its word
    queue.py    Jobs: new ones, their turn, what is left of those whose app was killed
    watch.py    the process, watched: cancel, time, disk; why it ended, in a sentence
    worker.py   that process: bounds on itself, ends with the app, then `python -m training`
    reading.py  an upload looked at, in a confined process (zoo/limited.py), before anything is trained
    ahead.py    what each model would need of it, told by training itself
    result.py   whole models are kept, halves go; published, or packed to take home

Nothing is imported here: the worker bounds itself before it loads anything.
"""
