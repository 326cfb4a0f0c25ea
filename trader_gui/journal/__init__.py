"""SQLite record of intents, steps, orders, fills: on disk before it matters.

In: approved orders and steps, from the session's loop. Out: what the program last believed, for the comparison with the
venue at start; tables and frames for people.

One file per profile, in WAL mode, and one process at a time (`lock.py`). Tables are append-only; ids rise across all
tables, so that rows of different tables can be put in order. An order's intent is committed, with the disk flushed,
before the order is sent; all else is queued, and written in batches by the writer's own thread a fraction of a second
later. A full queue, a full disk, a damaged file are errors that the session sees; nothing is dropped in silence.

What a step leaves behind: a row for every evaluation, with conditions and readings whenever the truth of one of them
changed or a kline closed (between those the row says "as before"), and always when something was wished for. Storing
all readings four times a second would make 200 MB a day of numbers that decided nothing.

The prefix of client order ids is made with the file and lives in it: a new journal, which starts counting at 1 again,
never makes an id that an older one has used.
"""
