"""Members, not metadata: who is in an audience, matched with the people that Campaign knows.

Takes a job (:mod:`job`), an engine and tables; gives files and a tally in which every row that was read ends in exactly
one bucket. Knows no manifest, no live system and no terminal. Promises: an id never leaves the tables and the result
files, not into a message, a log or a report; a result is whole or is not there; memory stays within the limit.

================  ==================================================================================
file_names        names of the files that travel, read and made
control_file      what a transfer's control file says of its files
transfers         files of a folder → transfers of one feed, in order, whole ones and waiting ones
tables            what is needed of Campaign, and where it is found in a table
import_sql        who is in an audience, as statements that any engine runs
export_sql        which ids stand for people, likewise
importing         runs an import on an engine
exporting         runs an export on an engine
duckdb_engine     the default engine: one machine, bounded memory
spark_engine      the other one, for what one machine cannot hold: in spark_session, in the words of spark_sql
packed            compressed files in and out of an engine, through pipes
folder_store      files in a folder
s3_store          files in a bucket; s3_table: tables there
postgres_table    tables in PostgreSQL
campaign_table    Campaign's own tables, through page_spool: pages kept, so that a cut loses nothing
campaign_sample   what Campaign knows of some ids alone
list_members      members into a list of Campaign's
previewing        the numbers of an import or export, without its result
result            a folder of results: temporary names, then names, then the manifest
inspection        what is this file
================  ==================================================================================
"""
