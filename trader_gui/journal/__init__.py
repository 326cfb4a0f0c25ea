"""SQLite record of intents, steps, orders, fills: on disk before it matters.

In: approved orders and steps, from the session's loop. Out: what the program last believed, for the comparison with the
venue at start and while it runs; tables and frames for people.

One file per profile, in WAL mode, and one process at a time (`lock.py`). Tables are append-only; ids rise across all
tables, so that rows of different tables can be put in order. An order's intent is committed, with the disk flushed,
before the order is sent; all else is queued, and written in batches by the writer's own thread a fraction of a second
later. A full queue, a full disk, a damaged file are errors that the session sees; nothing is dropped in silence.

What a step leaves behind: a row for every evaluation, with conditions and readings whenever the truth of one of them
changed or a kline closed (between those the row says "as before"), and always when something was wished for. Storing
all readings four times a second would make 200 MB a day of numbers that decided nothing. Cancels are rows of
`order_event` beside the answers and events of their orders; a new kind of request to the venue gets a kind there
(`records.ORDER_KINDS`), and readers pass over kinds that they do not know.

What was believed is not stored, but made anew by the collectors that memory is made by (`belief.py`): one fold, so that
the two cannot differ. Small tables say in short what follows from the rows, since it would take long to find: which
intents have no end yet, under which ids of the venue our orders are executed, and which brackets are not over, with the
orders that were sent for them; those two are committed with the intents of entry and exits. `fill_reading` says up to
which trade the venue's list was read: executions that were told one by one may have a gap before them, those up to
there not.

A simulated account begins anew with every session, its orders and trades with it. Its rows carry an account of their
own, and nothing of it is looked for at the next start.

The prefix of client order ids is made with the file and lives in it. A journal that is begun in place of a damaged one
goes on with that one's prefix, far above its numbers (`damage.py`): orders that are still open are known for our own.
The exchange is asked for our newest number, too: an older copy of the journal may have been restored.
"""
