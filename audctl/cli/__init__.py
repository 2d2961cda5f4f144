"""The command line. Takes options, gives output and an exit code; decides nothing itself.

Each command is one file: it reads its options, calls one operation, renders the report and returns an exit code.
Command files are imported when their command is called, and they import operations when they run, so that
``--version`` and ``--help`` cost little over Typer itself.
"""
