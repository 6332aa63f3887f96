-- They take their turn behind all that could start before.
UPDATE tasks
SET waiting = 0, turn = (SELECT 2 * max(arrival) + 1 FROM tasks)
WHERE arrival IN (
    SELECT arrival FROM tasks INDEXED BY tasks_waiting
    WHERE status = 'pending' AND waiting AND NOT blocked AND next_attempt_at <= ?
    ORDER BY next_attempt_at
    LIMIT ?
)
