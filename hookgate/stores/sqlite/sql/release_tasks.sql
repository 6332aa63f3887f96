UPDATE tasks
SET status = 'pending', next_attempt_at = :now, error = :error, worker = NULL, lease_until = NULL
WHERE status = 'running' AND lease_until <= :lease_ended
