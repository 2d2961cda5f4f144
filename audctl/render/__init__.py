"""Reports as text or JSON. Takes model types, gives lines or plain data; reads nothing and decides nothing.

Whatever comes from a live system or a manifest passes :func:`audctl.render.printable.printable` on its way to a
terminal, and no text is ever read as markup.
"""
