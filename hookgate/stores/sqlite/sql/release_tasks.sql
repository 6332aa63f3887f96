UPDATE tasks
SET status = 'pending', next_attempt_at = :now, turn = (SELECT 2 * max(arrival) + 1 FROM tasks),
    cut_short = cut_short + 1, error = :error, worker = NULL, lease_until = NULL
WHERE status = 'running' AND lease_until <= :lease_ended
