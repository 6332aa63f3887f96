UPDATE tasks
SET status = 'running', attempts = attempts + 1, started_at = :now, worker = :worker,
    lease_until = :lease_until
WHERE id IN (
    SELECT id FROM tasks INDEXED BY tasks_due
    WHERE status = 'pending' AND next_attempt_at <= :now
    ORDER BY next_attempt_at, id
    LIMIT :limit
)
RETURNING *
