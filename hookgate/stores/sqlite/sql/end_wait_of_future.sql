-- What began to wait at a time that is still to come did so before the clock was set back: nobody
-- knows how long it has waited, so it has waited enough. When its last attempt began, or where there
-- was none when it was recorded, tells that as well as when the waiting began.
UPDATE tasks
SET waiting = 0, turn = (SELECT 2 * max(arrival) + 1 FROM tasks)
WHERE arrival IN (
    SELECT arrival FROM tasks INDEXED BY tasks_waiting_since
    WHERE status = 'pending' AND waiting AND NOT blocked AND coalesce(started_at, created_at) > ?
    LIMIT ?
)
