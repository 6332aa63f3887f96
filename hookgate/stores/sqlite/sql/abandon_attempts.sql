UPDATE attempts SET status = 'failed', finished_at = :now, error = :error
WHERE (task_id, number) IN (
    SELECT id, attempts FROM tasks WHERE status = 'running' AND lease_until <= :lease_ended
)
