"""What audctl can do, one function each: builds the parts, joins them, returns a report.

Takes a :class:`Context`; gives frozen data from :mod:`audctl.model`. Prints nothing, asks nothing (approval is a
function it is given), and leaves exit codes to the command line. Nothing is imported here, and a command imports its
own operation from that one's module: every command would wait for all of them otherwise.
"""
