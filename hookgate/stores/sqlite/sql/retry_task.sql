UPDATE tasks
SET status = 'pending', attempts_before = attempts, cut_short = 0, next_attempt_at = :now, waiting = 0,
    turn = (SELECT 2 * max(arrival) + 1 FROM tasks), finished_at = NULL,
    blocked = :key IS NOT NULL AND EXISTS (
        SELECT 1 FROM tasks INDEXED BY tasks_of_key
        WHERE source = :source AND key = :key AND key IS NOT NULL
            AND status IN ('pending', 'running')
    )
WHERE arrival = :arrival
