"""Reports as lines for people: what matters first, then one block per thing, places last.

Every function takes a report and a :class:`~audctl.render.paint.Paint` and gives lines without line ends. The lines
are the same on a terminal and in a file; only colours differ.
"""
