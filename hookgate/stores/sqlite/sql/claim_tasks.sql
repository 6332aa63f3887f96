UPDATE tasks
SET status = 'running', attempts = attempts + 1, started_at = :now, worker = :worker,
    lease_until = :lease_until
WHERE arrival IN (SELECT value FROM json_each(:arrivals))
RETURNING *
