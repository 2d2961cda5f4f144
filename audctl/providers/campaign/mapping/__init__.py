"""One module per object type: audctl's fields on one side, rows of a Campaign schema on the other.

``table`` has what all types share: reading rows, writing a document, reading back and comparing.
"""
